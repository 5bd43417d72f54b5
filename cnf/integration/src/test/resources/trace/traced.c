/*
 * Has the kernel's driver trace this program by Intel Processor Trace while it executes what is between the labels "traced" and "over", five times,
 * into a ring that is smaller than the trace, and prints what came of it in hexadecimal.
 */
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGES 8
#define ROUNDS 5
#define MOST (1 << 20)

static int number(const char *name)
{
    int value = -1;
    char path[100];
    snprintf(path, sizeof(path), "/sys/bus/event_source/devices/intel_pt/%s", name);
    FILE *file = fopen(path, "r");
    if (!file || fscanf(file, "%d", &value) != 1)
        printf("trace: no %s\n", path);
    if (file)
        fclose(file);
    return value;
}

extern char traced[], each[], odd[], even[], asks[], over[], target[];

/* 3000 rounds: a jump that is taken by half of them, a call by every one, a system call by each 1024th. */
static void work(void)
{
    asm volatile(
        "traced: mov $3000, %%ebx\n"
        "each: test $1, %%ebx\n"
        "jz even\n"
        "odd: nop\n"
        "even: call routine\n"
        "test $1023, %%ebx\n"
        "jnz next\n"
        "mov $39, %%eax\n"
        "asks: syscall\n"
        "next: dec %%ebx\n"
        "jnz each\n"
        "over: jmp end\n"
        "routine: lea target(%%rip), %%rax\n"
        "jmp *%%rax\n"
        "nop\n"
        "target: ret\n"
        "end:\n"
        ::: "rax", "rbx", "rcx", "r11", "memory", "cc");
}

int main(void)
{
    struct perf_event_attr attr = {.size = sizeof(attr), .type = number("type"), .exclude_kernel = 1, .exclude_hv = 1, .disabled = 1};
    attr.config = 1 << 10;
    printf("trace: caps topa %d entries %d single %d cr3 %d ip %d ranges %d mtc %d\n", number("caps/topa_output"), number("caps/topa_multiple_entries"),
        number("caps/single_range_output"), number("caps/cr3_filtering"), number("caps/ip_filtering"), number("nr_addr_filters"), number("caps/mtc"));
    int event = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
    if (event < 0) {
        perror("trace: perf_event_open");
        return 1;
    }
    size_t page = sysconf(_SC_PAGESIZE);
    struct perf_event_mmap_page *head = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, event, 0);
    if (head == MAP_FAILED)
        return 1;
    head->aux_offset = 2 * page;
    head->aux_size = PAGES * page;
    uint8_t *aux = mmap(NULL, head->aux_size, PROT_READ | PROT_WRITE, MAP_SHARED, event, head->aux_offset);
    if (aux == MAP_FAILED) {
        perror("trace: aux");
        return 1;
    }
    static uint8_t trace[MOST];
    uint64_t bytes = 0;
    for (int i = 0; i < ROUNDS; i++) {
        ioctl(event, PERF_EVENT_IOC_ENABLE, 0);
        work();
        ioctl(event, PERF_EVENT_IOC_DISABLE, 0);
        uint64_t written = *(volatile uint64_t *) &head->aux_head;
        for (; bytes < written && bytes < MOST; bytes++)
            trace[bytes] = aux[bytes % head->aux_size];
        head->aux_tail = bytes;
    }
    printf("trace: traced %p each %p odd %p even %p asks %p over %p target %p\n", traced, each, odd, even, asks, over, target);
    printf("trace: bytes %llu\n", (unsigned long long) bytes);
    for (uint64_t i = 0; i < bytes; i++)
        printf("%s%02x", i % 64 ? "" : "\ntrace: ", trace[i]);
    printf("\ntrace: end\n");
    return 0;
}
