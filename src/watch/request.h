/* What a person asks for, as it came in. */
#ifndef WATCH_REQUEST_H
#define WATCH_REQUEST_H

struct watch_request {
    const char *person_scope, *person_key;
    const char *booking_jail, *booking_key;
    const char *relation, *kinds, *language; /* names; NULL for the usual */
    const char *channel;                     /* a row of deliver/channel.h; NULL for the usual */
    const char *contact;                     /* an address of that channel */
    const char *email;                       /* short for the two */
    const char *pin;
    const char *expires;       /* a date or a time such as "180d"; NULL for the usual */
    const char *role_verified; /* who verified which role; NULL: nobody */
    int is_public;             /* asked by anybody: not told what the contact follows, or was asked */
};

#endif
