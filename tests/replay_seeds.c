/* Runs a fuzz target over its seeds, without a fuzzer: each file is one TAP test. */
#include <glib.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n);

int main(int argc, char **argv) {
    guint number = 0;
    for (int i = 1; i < argc; i++) {
        g_autoptr(GDir) dir = g_dir_open(argv[i], 0, NULL);
        for (const char *name; dir && (name = g_dir_read_name(dir));) {
            g_autofree char *path = g_build_filename(argv[i], name, NULL);
            g_autofree char *text = NULL;
            gsize n;
            if (!g_file_get_contents(path, &text, &n, NULL))
                return 1;
            LLVMFuzzerTestOneInput((const guint8 *)text, n);
            printf("ok %u %s\n", ++number, name);
        }
    }
    printf("1..%u\n", number);
    return number == 0;
}
