#include "web/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define NETWORK_BYTES 8

static char *ipv4_text(const struct in_addr *address) {
    char text[INET_ADDRSTRLEN];
    return g_strdup(inet_ntop(AF_INET, address, text, sizeof text));
}

static char *ipv6_text(const struct in6_addr *address) {
    char text[INET6_ADDRSTRLEN];
    struct in6_addr network = *address;
    if (IN6_IS_ADDR_V4MAPPED(address)) {
        struct in_addr v4;
        memcpy(&v4, address->s6_addr + 12, sizeof v4);
        return ipv4_text(&v4);
    }
    memset(network.s6_addr + NETWORK_BYTES, 0, sizeof network - NETWORK_BYTES);
    inet_ntop(AF_INET6, &network, text, sizeof text);
    return g_strconcat(text, "/64", NULL);
}

char *peer_address(const struct sockaddr *address) {
    if (address->sa_family == AF_INET)
        return ipv4_text(&((const struct sockaddr_in *)address)->sin_addr);
    return ipv6_text(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

gboolean peer_is_proxy(const struct sockaddr *address) {
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == IN_LOOPBACKNET);
}

char *peer_forwarded(const char *forwarded) {
    const char *last = strrchr(forwarded, ',');
    g_autofree char *text = g_strstrip(g_strdup(last ? last + 1 : forwarded));
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, text, &v4) == 1)
        return ipv4_text(&v4);
    return inet_pton(AF_INET6, text, &v6) == 1 ? ipv6_text(&v6) : NULL;
}
