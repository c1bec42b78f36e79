#include <stdio.h>

#include "cli/cli.h"
#include "disclose/disclose.h"
#include "site/config.h"

/* Where messages go, by channel. Transfer full. */
static char *describe_channels(const struct site_config *config) {
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; channel_kinds[i]; i++)
        if (channel_kinds[i]->connections(config->channels[i]))
            g_ptr_array_add(words, channel_kinds[i]->describe(config->channels[i]));
    g_ptr_array_add(words, NULL);
    return g_strjoinv("; ", (char **)words->pdata);
}

static int check(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    if (!cli_parse(cli, "config check",
                   "Reads site.yaml, the keys and the policy, and says whether they are right.", NULL,
                   NULL, &argc, &argv, 0, 0, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    GError *error = NULL;
    const struct site_config *c = site_config(site);
    struct disclose_gate *gate =
        site_gate_for_agencies(site, &error); /* the policy, its recipients, its guarantees */
    g_autofree char *channels = describe_channels(c);
    if (!gate)
        status = cli_fail(error);
    else if (cli->json)
        cli_json_line(json_pack("{s:b, s:s, s:s, s:i, s:s}", "ok", TRUE, "base_url", c->base_url,
                                "listen_address", c->listen_address, "listen_port", c->listen_port,
                                "channels", channels));
    else
        printf("site.yaml is right. Links start with %s; %s.\n", c->base_url, channels);
    disclose_gate_unref(gate);
    site_close(site);
    return status;
}

static int run(struct cli *cli, int argc, char **argv) {
    static const struct cli_command commands[] = {{"check", "check site.yaml and the keys", check},
                                                  {NULL}};
    return cli_dispatch(cli, "config", commands, argc, argv);
}

const struct cli_command cli_config = {"config", "the site's configuration: check", run};
