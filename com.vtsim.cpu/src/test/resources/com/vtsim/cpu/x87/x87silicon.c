/*
 * Runs single x87 instructions on the host's processor: the oracle of X87SiliconTest.
 *
 * usage: x87silicon CASES RESULTS
 *
 * Works as silicon.c of the integer tests does; the x87 state goes in and out through the FXSAVE image of the signal frame,
 * so nothing of it is touched between the handler and the instruction.
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

#define CODE 0x10000000UL
#define START (CODE + 0x800)
#define DATA 0x20000000UL   /* one page; the one behind is not there */
#define PAGE 4096UL
#define WINDOW 128UL
#define IMAGE 160UL         /* of FXSAVE: words, pointers, MXCSR, ST(0)-ST(7) */

struct test {
    uint8_t code[16];
    uint64_t length;
    uint64_t flags;
    uint64_t rax;
    uint64_t rcx;
    uint8_t image[IMAGE];
    uint8_t window[WINDOW];
};

struct outcome {
    uint64_t rip;
    uint64_t trap;
    uint64_t flags;
    uint64_t rax;
    uint64_t cr2;
    uint64_t spare;
    uint8_t image[IMAGE];
    uint8_t window[WINDOW];
};

static const struct test *tests;
static struct outcome *outcomes;
static long count;
static long current = -1;

static void on_signal(int number, siginfo_t *info, void *context) {
    ucontext_t *user = context;
    greg_t *g = user->uc_mcontext.gregs;
    uint8_t *image = (uint8_t *)user->uc_mcontext.fpregs;
    uint8_t *window = (uint8_t *)(DATA + PAGE - WINDOW);
    (void)number;
    (void)info;
    if (current >= 0) {
        struct outcome *o = &outcomes[current];
        o->rip = g[REG_RIP];
        o->trap = g[REG_TRAPNO];
        o->flags = g[REG_EFL];
        o->rax = g[REG_RAX];
        o->cr2 = g[REG_CR2];
        memcpy(o->image, image, IMAGE);
        memcpy(o->window, window, WINDOW);
        memset((void *)START, 0xCC, 16);
    }
    if (++current == count) {
        _exit(0);
    }
    const struct test *t = &tests[current];
    memcpy((void *)START, t->code, t->length);
    memcpy(window, t->window, WINDOW);
    uint32_t mxcsr;
    memcpy(&mxcsr, image + 24, 4);
    memcpy(image, t->image, IMAGE);
    memcpy(image + 24, &mxcsr, 4);
    if (*(uint32_t *)(image + 464) == 0x46505853) {
        *(uint64_t *)(image + 512) |= 3; /* XSTATE_BV: the x87's part is in the image */
    }
    g[REG_RAX] = t->rax;
    g[REG_RCX] = t->rcx;
    g[REG_EFL] = (g[REG_EFL] & ~0x8D5L) | (t->flags & 0x8D5);
    g[REG_RIP] = START;
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
    if (argc != 3) {
        fprintf(stderr, "usage: x87silicon CASES RESULTS\n");
        return 2;
    }
    size_t size;
    tests = map_file(argv[1], O_RDONLY, &size);
    count = size / sizeof(struct test);
    outcomes = map_file(argv[2], O_RDWR, &size);
    if (count == 0 || size < count * sizeof(struct outcome)) {
        fprintf(stderr, "x87silicon: RESULTS is too small\n");
        return 2;
    }
    map_fixed(CODE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    memset((void *)CODE, 0xCC, PAGE);
    map_fixed(DATA, PAGE, PROT_READ | PROT_WRITE);
    memset((void *)DATA, 0, PAGE);
    stack_t stack = { .ss_sp = malloc(1 << 18), .ss_size = 1 << 18 };
    sigaltstack(&stack, NULL);
    struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigfillset(&action.sa_mask);
    int numbers[] = { SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaction(numbers[i], &action, NULL);
    }
    alarm(120);
    __asm__ volatile("int3");
    return 3;
}
