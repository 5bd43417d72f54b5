package com.vtsim.pci.nvme;

/** A completion queue as the controller knows it. */
final class CompletionQueue {
    final int id;
    final long base;
    final int size;
    final int vector;
    final boolean interrupts;
    int head;
    int tail;
    boolean phase = true;
    /** Entries were posted since its interrupt was last raised. */
    boolean news;

    CompletionQueue(int id, long base, int size, int vector, boolean interrupts) {
        this.id = id;
        this.base = base;
        this.size = size;
        this.vector = vector;
        this.interrupts = interrupts;
    }

    /** As saved. */
    record Saved(int id, long base, int size, int vector, boolean interrupts, int head, int tail, boolean phase) {
        CompletionQueue queue() {
            CompletionQueue queue = new CompletionQueue(id, base, size, vector, interrupts);
            queue.head = head;
            queue.tail = tail;
            queue.phase = phase;
            return queue;
        }
    }

    Saved save() {
        return new Saved(id, base, size, vector, interrupts, head, tail, phase);
    }

    boolean isFull() {
        return (tail + 1) % size == head;
    }

    /** @return whether the guest has not taken note of all entries */
    boolean isWaiting() {
        return head != tail;
    }
}
