/*
 * A small client of /dev/kvm: runs guests of its own and prints what it sees, a line each, "name: what".
 * The guests are in guests.S. With the name of a bzImage it boots that kernel in a virtual machine instead.
 *
 * Source of every expectation: the kernel's own Documentation/virt/kvm/api.rst.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SMALL 0x200000ul /* bytes of memory of a guest of ours */
#define CODE 0x8000ul    /* where its code begins */
#define DONE 0xF4        /* a write to this port ends it */

extern const char real_begin[], real_end[], protected_begin[], protected_end[], long_begin[], long_end[], pit_begin[], pit_end[], apic_begin[], apic_end[],
    x2apic_begin[], x2apic_end[], self_begin[], self_end[], posted_begin[], posted_end[],
    sender_begin[], sender_end[], receiver_begin[], receiver_end[];

struct machine {
    int fd, cpu;
    uint8_t *memory;
    struct kvm_run *run;
};

static int kvm;

static void must(int ok, const char *what) {
    if (!ok) {
        printf("client: %s failed: %s\n", what, strerror(errno));
        exit(1);
    }
}

/* A virtual processor with all that KVM announces. */
static void add(struct machine *m, int number) {
    m->cpu = ioctl(m->fd, KVM_CREATE_VCPU, number);
    must(m->cpu >= 0, "KVM_CREATE_VCPU");
    m->run = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED, m->cpu, 0);
    must(m->run != MAP_FAILED, "mmap of kvm_run");
    struct {
        struct kvm_cpuid2 head;
        struct kvm_cpuid_entry2 entries[100];
    } cpuid = {.head.nent = 100};
    must(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid) >= 0, "KVM_GET_SUPPORTED_CPUID");
    for (unsigned i = 0; i < cpuid.head.nent; i++) {
        if (cpuid.entries[i].function == 1) {
            cpuid.entries[i].ecx |= 1u << 31; /* there is a hypervisor: it is for its user to say so */
        }
    }
    must(ioctl(m->cpu, KVM_SET_CPUID2, &cpuid) >= 0, "KVM_SET_CPUID2");
}

static struct machine create(size_t bytes, int irqchip) {
    struct machine m;
    m.fd = ioctl(kvm, KVM_CREATE_VM, 0);
    must(m.fd >= 0, "KVM_CREATE_VM");
    must(ioctl(m.fd, KVM_SET_TSS_ADDR, 0xFFFBD000ul) >= 0, "KVM_SET_TSS_ADDR");
    if (irqchip) {
        struct kvm_pit_config pit = {.flags = 0};
        must(ioctl(m.fd, KVM_CREATE_IRQCHIP, 0) >= 0, "KVM_CREATE_IRQCHIP");
        must(ioctl(m.fd, KVM_CREATE_PIT2, &pit) >= 0, "KVM_CREATE_PIT2");
    }
    m.memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(m.memory != MAP_FAILED, "mmap");
    struct kvm_userspace_memory_region region = {.slot = 0, .guest_phys_addr = 0, .memory_size = bytes, .userspace_addr = (uintptr_t) m.memory};
    must(ioctl(m.fd, KVM_SET_USER_MEMORY_REGION, &region) >= 0, "KVM_SET_USER_MEMORY_REGION");
    add(&m, 0);
    return m;
}

static void destroy(struct machine *m, size_t bytes) {
    munmap(m->run, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
    close(m->cpu);
    close(m->fd);
    munmap(m->memory, bytes);
}

enum mode { REAL, PROTECTED, LONG };

/* Page tables of 2 MiB pages that map the first 4 GiB to themselves, from 0x1000 on. */
static void identity(uint8_t *memory) {
    uint64_t *table = (uint64_t *) (memory + 0x1000);
    table[0] = 0x2003;
    for (int i = 0; i < 4; i++) {
        table[512 + i] = 0x3003 + i * 0x1000ul;
    }
    for (uint64_t i = 0; i < 4 * 512; i++) {
        table[1024 + i] = i << 21 | 0x83;
    }
}

static void enter(struct machine *m, enum mode mode, uint64_t ip, uint64_t si) {
    struct kvm_sregs s;
    must(ioctl(m->cpu, KVM_GET_SREGS, &s) >= 0, "KVM_GET_SREGS");
    if (mode == REAL) {
        s.cs.base = 0;
        s.cs.selector = 0;
    } else {
        struct kvm_segment code = {.base = 0, .limit = 0xFFFFFFFF, .selector = 0x10, .type = 11, .present = 1, .s = 1, .g = 1, .db = mode == PROTECTED, .l = mode == LONG};
        struct kvm_segment data = {.base = 0, .limit = 0xFFFFFFFF, .selector = 0x18, .type = 3, .present = 1, .s = 1, .g = 1, .db = 1};
        s.cs = code;
        s.ds = s.es = s.fs = s.gs = s.ss = data;
        s.cr0 |= 1;
    }
    if (mode == LONG) {
        identity(m->memory);
        s.cr3 = 0x1000;
        s.cr4 |= 1 << 5;
        s.cr0 |= 1u << 31;
        s.efer |= 1 << 8 | 1 << 10;
    }
    must(ioctl(m->cpu, KVM_SET_SREGS, &s) >= 0, "KVM_SET_SREGS");
    struct kvm_regs r = {.rip = ip, .rsi = si, .rsp = 0x7000, .rflags = 2};
    must(ioctl(m->cpu, KVM_SET_REGS, &r) >= 0, "KVM_SET_REGS");
}

/* Runs until the guest writes to DONE or halts where nobody but us could wake it. */
static void drive(struct machine *m, const char *name) {
    unsigned exits = 0;
    for (;;) {
        must(ioctl(m->cpu, KVM_RUN, 0) >= 0, "KVM_RUN");
        struct kvm_run *run = m->run;
        uint8_t *data = (uint8_t *) run + run->io.data_offset;
        if (++exits > 1000) {
            printf("%s: too many exits\n", name);
            return;
        }
        switch (run->exit_reason) {
        case KVM_EXIT_IO:
            if (run->io.direction == KVM_EXIT_IO_OUT) {
                uint32_t value = 0;
                memcpy(&value, data, run->io.size);
                if (run->io.port == DONE) {
                    printf("%s: done %x\n", name, value);
                    return;
                }
                for (unsigned i = 0; i < run->io.count; i++, data += run->io.size) {
                    value = 0;
                    memcpy(&value, data, run->io.size);
                    printf("%s: out %x size %d value %x\n", name, run->io.port, run->io.size, value);
                }
            } else {
                printf("%s: in %x size %d\n", name, run->io.port, run->io.size);
                for (unsigned i = 0; i < run->io.count * run->io.size; i++) {
                    data[i] = 0x35 + i;
                }
            }
            break;
        case KVM_EXIT_MMIO:
            if (run->mmio.is_write) {
                uint64_t value = 0;
                memcpy(&value, run->mmio.data, run->mmio.len);
                printf("%s: mmio write %llx size %d value %llx\n", name, run->mmio.phys_addr, run->mmio.len, (unsigned long long) value);
            } else {
                uint64_t value = 0x1122334455667788;
                printf("%s: mmio read %llx size %d\n", name, run->mmio.phys_addr, run->mmio.len);
                memcpy(run->mmio.data, &value, run->mmio.len);
            }
            break;
        case KVM_EXIT_HLT:
            printf("%s: halt\n", name);
            return;
        default: {
            struct kvm_regs r = {0};
            ioctl(m->cpu, KVM_GET_REGS, &r);
            printf("%s: exit %d suberror %d at %llx\n", name, run->exit_reason, run->internal.suberror, r.rip);
            return;
        }
        }
    }
}

static void guest(const char *name, enum mode mode, const char *begin, const char *end, int irqchip) {
    struct machine m = create(SMALL, irqchip);
    memcpy(m.memory + CODE, begin, end - begin);
    enter(&m, mode, CODE, 0);
    drive(&m, name);
    struct kvm_regs r;
    must(ioctl(m.cpu, KVM_GET_REGS, &r) >= 0, "KVM_GET_REGS");
    printf("%s: rbx %llx\n", name, r.rbx);
    destroy(&m, SMALL);
}

/* Interrupts from another processor, while the guest runs */

static void *run_posted(void *machine) {
    drive(machine, "posted");
    return NULL;
}

static void pin(pthread_t thread, int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    pthread_setaffinity_np(thread, sizeof(set), &set);
}

static void posted(void) {
    struct machine m = create(SMALL, 1);
    volatile uint64_t *counts = (volatile uint64_t *) (m.memory + 0x9000);
    memcpy(m.memory + CODE, posted_begin, posted_end - posted_begin);
    enter(&m, LONG, CODE, 0);
    pthread_t thread;
    must(pthread_create(&thread, NULL, run_posted, &m) == 0, "pthread_create");
    pin(thread, 1);
    pin(pthread_self(), 0);
    for (uint64_t sent = 0; sent < 20; sent++) {
        uint64_t seen = counts[0];
        while (counts[1] != sent || counts[0] == seen) {
            sched_yield();
        }
        struct kvm_msi msi = {.address_lo = 0xFEE00000, .data = 0x71};
        must(ioctl(m.fd, KVM_SIGNAL_MSI, &msi) >= 0, "KVM_SIGNAL_MSI");
    }
    pthread_join(thread, NULL);
    printf("posted: seen %d\n", (int) counts[1]);
    destroy(&m, SMALL);
}

/* Interrupts from one virtual processor to another */

static void *run_receiver(void *machine) {
    drive(machine, "receiver");
    return NULL;
}

static void ipi(void) {
    struct machine sender = create(SMALL, 1), receiver = sender;
    volatile uint64_t *counts = (volatile uint64_t *) (sender.memory + 0x9000);
    add(&receiver, 1);
    struct kvm_mp_state runnable = {.mp_state = KVM_MP_STATE_RUNNABLE};
    must(ioctl(receiver.cpu, KVM_SET_MP_STATE, &runnable) >= 0, "KVM_SET_MP_STATE");
    memcpy(sender.memory + CODE, receiver_begin, receiver_end - receiver_begin);
    enter(&receiver, LONG, CODE, 0);
    memcpy(sender.memory + 0xA000, sender_begin, sender_end - sender_begin);
    enter(&sender, LONG, 0xA000, 0);
    pthread_t thread;
    must(pthread_create(&thread, NULL, run_receiver, &receiver) == 0, "pthread_create");
    pin(thread, 1);
    pin(pthread_self(), 0);
    while (counts[3] == 0) {
        sched_yield();
    }
    drive(&sender, "sender");
    counts[2] = 1;
    pthread_join(thread, NULL);
    destroy(&sender, SMALL);
}

/* A kernel */

#define LARGE (128ul << 20)
#define SETUP 0x10000ul
#define COMMAND_LINE 0x20000ul

/* A serial port that is always ready to send; what it sends is printed. */
static void serial(struct kvm_run *run) {
    uint8_t *data = (uint8_t *) run + run->io.data_offset;
    static uint8_t registers[8];
    int offset = run->io.port & 7;
    for (unsigned i = 0; i < run->io.count; i++) {
        if (run->io.direction == KVM_EXIT_IO_OUT) {
            if (offset == 0 && !(registers[3] & 0x80)) {
                putchar(data[i]);
            } else {
                registers[offset] = data[i];
            }
        } else {
            data[i] = offset == 5 ? 0x60 : offset == 6 ? 0xB0 : offset == 2 ? 1 : registers[offset];
        }
    }
}

/* By the 64-bit boot protocol of Documentation/x86/boot.rst. */
static void boot(const char *file, const char *line) {
    struct machine m = create(LARGE, 1);
    int fd = open(file, O_RDONLY);
    struct stat stat;
    must(fd >= 0 && fstat(fd, &stat) >= 0, file);
    uint8_t *image = mmap(NULL, stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    must(image != MAP_FAILED, "mmap of the kernel");
    unsigned setup = (image[0x1F1] + 1) * 512;
    uint8_t *zero = m.memory + SETUP;
    memcpy(zero + 0x1F1, image + 0x1F1, 0x202 + image[0x201] - 0x1F1);
    zero[0x210] = 0xFF;                                          /* type_of_loader */
    *(uint32_t *) (zero + 0x228) = COMMAND_LINE;                 /* cmd_line_ptr */
    zero[0x1E8] = 2;                                             /* e820_entries */
    uint8_t *e820 = zero + 0x2D0;
    *(uint64_t *) (e820 + 8) = 0x9FC00;
    *(uint32_t *) (e820 + 16) = 1;
    *(uint64_t *) (e820 + 20) = 0x100000;
    *(uint64_t *) (e820 + 28) = LARGE - 0x100000;
    *(uint32_t *) (e820 + 36) = 1;
    strcpy((char *) m.memory + COMMAND_LINE, line);
    memcpy(m.memory + 0x1000000, image + setup, stat.st_size - setup);
    enter(&m, LONG, 0x1000000 + 0x200, SETUP);
    setvbuf(stdout, NULL, _IOLBF, 4096);
    for (;;) {
        must(ioctl(m.cpu, KVM_RUN, 0) >= 0, "KVM_RUN");
        struct kvm_run *run = m.run;
        if (run->exit_reason == KVM_EXIT_IO) {
            if ((run->io.port & ~7) == 0x3F8) {
                serial(run);
            } else if (run->io.direction == KVM_EXIT_IO_IN) {
                /* The real-time clock is never busy. */
                memset((uint8_t *) run + run->io.data_offset, run->io.port == 0x71 ? 0 : 0xFF, run->io.count * run->io.size);
            }
        } else if (run->exit_reason == KVM_EXIT_MMIO) {
            if (!run->mmio.is_write) {
                memset(run->mmio.data, 0xFF, 8);
            }
        } else {
            struct kvm_regs r = {0};
            ioctl(m.cpu, KVM_GET_REGS, &r);
            printf("\nnested: exit %d suberror %d at %llx\n", run->exit_reason, run->internal.suberror, r.rip);
            return;
        }
    }
}

int main(int count, char **arguments) {
    kvm = open("/dev/kvm", O_RDWR);
    must(kvm >= 0, "/dev/kvm");
    if (count > 2) {
        boot(arguments[1], arguments[2]);
        return 0;
    }
    printf("api: version %d\n", ioctl(kvm, KVM_GET_API_VERSION, 0));
    guest("real", REAL, real_begin, real_end, 0);
    guest("protected", PROTECTED, protected_begin, protected_end, 0);
    guest("long", LONG, long_begin, long_end, 0);
    guest("pit", REAL, pit_begin, pit_end, 1);
    guest("apic", LONG, apic_begin, apic_end, 1);
    guest("x2apic", LONG, x2apic_begin, x2apic_end, 1);
    guest("self", LONG, self_begin, self_end, 1);
    posted();
    ipi();
    printf("client: end\n");
    return 0;
}
