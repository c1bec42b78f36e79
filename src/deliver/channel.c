#include "deliver/channel.h"

enum deliver_result deliver_channel_send(struct deliver_channel *channel, const char *from,
                                         const char *to, const char *key, GBytes *message,
                                         char **answer) {
    return channel->send(channel, from, to, key, message, answer);
}

void deliver_channel_free(struct deliver_channel *channel) {
    if (channel)
        channel->free(channel);
}
