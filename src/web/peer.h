/* Who asks: of a socket, and of what a proxy says. */
#ifndef WEB_PEER_H
#define WEB_PEER_H

#include <glib.h>
#include <sys/socket.h>

/* The address as text, of an IPv6 one the network that one subscriber has (/64). Transfer full. */
char *peer_address(const struct sockaddr *address);
/* Whether a web server on this machine stands there, which is believed when it says for whom it asks.
 */
gboolean peer_is_proxy(const struct sockaddr *address);
/* For whom a proxy asks, the last of its X-Forwarded-For; NULL when that is no address. Transfer full.
 */
char *peer_forwarded(const char *forwarded);

#endif
