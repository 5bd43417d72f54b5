/*
 * Decodes a processor trace with libipt: prints the linear address of every instruction, in hexadecimal, one a line.
 * decode TRACE MEMORY [OFFSET:SIZE:LINEAR:CR3 ...]: without sections the memory is mapped to where it lies.
 */
#include <intel-pt.h>
#include <stdio.h>
#include <stdlib.h>

static uint8_t *load(const char *name, size_t *size)
{
    FILE *file = fopen(name, "rb");
    if (!file || fseek(file, 0, SEEK_END))
        exit(2);
    *size = ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*size + 1);
    if (fread(bytes, 1, *size, file) != *size)
        exit(2);
    fclose(file);
    return bytes;
}

static void fail(const char *what, int status, struct pt_insn_decoder *decoder)
{
    uint64_t offset = 0;
    pt_insn_get_offset(decoder, &offset);
    printf("%s: %s at %llu\n", what, pt_errstr(pt_errcode(status)), (unsigned long long) offset);
}

int main(int count, char **words)
{
    size_t size;
    struct pt_config config;
    pt_config_init(&config);
    config.begin = load(words[1], &size);
    config.end = config.begin + size;
    struct pt_insn_decoder *decoder = pt_insn_alloc_decoder(&config);
    struct pt_image *image = pt_insn_get_image(decoder);
    size_t memory;
    free(load(words[2], &memory));
    if (count == 3 && pt_image_add_file(image, words[2], 0, memory, NULL, 0) < 0)
        return 2;
    for (int i = 3; i < count; i++) {
        unsigned long long offset, bytes, linear, cr3;
        struct pt_asid asid;
        pt_asid_init(&asid);
        if (sscanf(words[i], "%llx:%llx:%llx:%llx", &offset, &bytes, &linear, &cr3) != 4)
            return 2;
        asid.cr3 = cr3;
        if (pt_image_add_file(image, words[2], offset, bytes, cr3 ? &asid : NULL, linear) < 0)
            return 2;
    }
    int status = pt_insn_sync_forward(decoder);
    while (status >= 0) {
        while (status >= 0 && (status & pts_event_pending)) {
            struct pt_event event;
            status = pt_insn_event(decoder, &event, sizeof(event));
            if (status < 0)
                fail("event", status, decoder);
        }
        if (status < 0 || (status & pts_eos))
            break;
        struct pt_insn instruction;
        status = pt_insn_next(decoder, &instruction, sizeof(instruction));
        if (instruction.iclass != ptic_error)
            printf("%llx\n", (unsigned long long) instruction.ip);
        if (status < 0 && status != -pte_eos)
            fail("instruction", status, decoder);
    }
    if (status < 0 && status != -pte_eos)
        fail("end", status, decoder);
    pt_insn_free_decoder(decoder);
    return 0;
}
