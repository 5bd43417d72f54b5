/*
 * Runs single instructions on the host's processor: the oracle of SiliconTest.
 *
 * usage: silicon CASES RESULTS [x]
 *
 * CASES is an array of struct test, RESULTS becomes an array of struct outcome. Every case is entered and left through a
 * signal: the handler stores the outcome of the case before and puts the next one's state into the context it returns to.
 * With a third argument each case and each outcome is followed by a struct state: x87, SSE and AVX state.
 * The code page is filled with INT3, so whatever comes after the instruction, or at a branch's target in the page, traps.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>

#define CODE 0x10000000UL   /* one page, instruction at CODE + 0x800 */
#define START (CODE + 0x800)
#define DATA 0x20000000UL   /* two pages, read and write; the page before is for reads only, the page behind is not there */
#define PAGE 4096UL
#define WINDOW 128UL        /* bytes given for each case around the middle and before the end */

struct test {
    uint64_t reg[16];       /* RAX RCX RDX RBX RSP RBP RSI RDI R8 ... R15 */
    uint64_t flags;
    uint8_t code[16];
    uint32_t length;
    uint32_t legacy;        /* not 0: 32-bit code segment */
    uint8_t middle[WINDOW];
    uint8_t end[WINDOW];
};

struct outcome {
    uint64_t reg[16];
    uint64_t flags;
    uint64_t rip;
    uint32_t trap;          /* exception vector */
    uint32_t error;
    uint64_t cr2;
    uint8_t middle[WINDOW];
    uint8_t end[WINDOW];
};

struct state {
    uint8_t legacy[512];    /* the image of FXSAVE64 */
    uint8_t high[256];      /* bits 255:128 of YMM0 ... YMM15 */
};

static const int NAMES[16] = {
    REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
    REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15
};

static const uint8_t *tests;
static uint8_t *outcomes;
static size_t extra;
static long count;
static long current = -1;

/* The signal frame holds the standard XSAVE image: the legacy region, 64 bytes of header, AVX state. */
#define XSTATE_BV 512
#define AVX_STATE 576

static void save_state(struct state *to, const uint8_t *frame) {
    uint64_t present = *(const uint64_t *)(frame + XSTATE_BV);
    memcpy(to->legacy, frame, 512);
    memcpy(to->high, frame + AVX_STATE, 256);
    if (!(present & 2)) {
        memset(to->legacy + 160, 0, 256);
    }
    if (!(present & 4)) {
        memset(to->high, 0, 256);
    }
}

static void load_state(const struct state *from, uint8_t *frame) {
    memcpy(frame, from->legacy, 28); /* not MXCSR_MASK */
    memcpy(frame + 32, from->legacy + 32, 384);
    memcpy(frame + AVX_STATE, from->high, 256);
    *(uint64_t *)(frame + XSTATE_BV) |= 7;
}

static void on_signal(int number, siginfo_t *info, void *context) {
    /* POPF may have set AC, which Linux leaves set for the handler. */
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() & ~0x40000ULL);
    ucontext_t *user = context;
    greg_t *g = user->uc_mcontext.gregs;
    uint8_t *middle = (uint8_t *)(DATA + PAGE - WINDOW / 2);
    uint8_t *end = (uint8_t *)(DATA + 2 * PAGE - WINDOW);
    (void)number;
    (void)info;
    if (current >= 0) {
        struct outcome *o = (struct outcome *)(outcomes + current * (sizeof(struct outcome) + extra));
        if (extra) {
            save_state((struct state *)(o + 1), (const uint8_t *)user->uc_mcontext.fpregs);
        }
        for (int i = 0; i < 16; i++) {
            o->reg[i] = g[NAMES[i]];
        }
        o->flags = g[REG_EFL];
        o->rip = g[REG_RIP];
        o->trap = g[REG_TRAPNO];
        o->error = g[REG_ERR];
        o->cr2 = g[REG_CR2];
        memcpy(o->middle, middle, WINDOW);
        memcpy(o->end, end, WINDOW);
        memset((void *)START, 0xCC, 16);
    }
    if (++current == count) {
        _exit(0);
    }
    const struct test *t = (const struct test *)(tests + current * (sizeof(struct test) + extra));
    if (extra) {
        load_state((const struct state *)(t + 1), (uint8_t *)user->uc_mcontext.fpregs);
    }
    memcpy((void *)START, t->code, t->length);
    memset((void *)DATA, 0, 2 * PAGE);
    memcpy(middle, t->middle, WINDOW);
    memcpy(end, t->end, WINDOW);
    for (int i = 0; i < 16; i++) {
        g[NAMES[i]] = t->reg[i];
    }
    g[REG_EFL] = 0x202 | (t->flags & 0xCD5);
    g[REG_RIP] = START;
    g[REG_CSGSFS] = (g[REG_CSGSFS] & ~0xFFFFL) | (t->legacy ? 0x23 : 0x33);
}

static void *map_file(const char *name, int flags, size_t *size) {
    int file = open(name, flags);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) {
        perror(name);
        exit(2);
    }
    *size = status.st_size;
    void *at = mmap(NULL, *size, flags == O_RDONLY ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (at == MAP_FAILED) {
        perror(name);
        exit(2);
    }
    return at;
}

static void map_fixed(unsigned long at, size_t size, int protection) {
    if (mmap((void *)at, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != (void *)at) {
        perror("mmap");
        exit(2);
    }
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: silicon CASES RESULTS [x]\n");
        return 2;
    }
    extra = argc > 3 ? sizeof(struct state) : 0;
    size_t size;
    tests = map_file(argv[1], O_RDONLY, &size);
    count = size / (sizeof(struct test) + extra);
    outcomes = map_file(argv[2], O_RDWR, &size);
    if (count == 0 || size < count * (sizeof(struct outcome) + extra)) {
        fprintf(stderr, "silicon: RESULTS is too small\n");
        return 2;
    }
    map_fixed(CODE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    memset((void *)CODE, 0xCC, PAGE);
    map_fixed(DATA - PAGE, PAGE, PROT_READ);
    (void)*(volatile char *)(DATA - PAGE); /* page it in: the error code of a write tells */
    map_fixed(DATA, 2 * PAGE, PROT_READ | PROT_WRITE);
    memset((void *)DATA, 0, 2 * PAGE);
    stack_t stack = { .ss_sp = malloc(65536), .ss_size = 65536 };
    sigaltstack(&stack, NULL);
    struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigfillset(&action.sa_mask);
    int numbers[] = { SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaction(numbers[i], &action, NULL);
    }
    /* Flat data segments, which 32-bit code needs and 64-bit code ignores. */
    __asm__ volatile("mov %0, %%ds\n\tmov %0, %%es" : : "r"(0x2B));
    alarm(120);
    __asm__ volatile("int3");
    return 3;
}
