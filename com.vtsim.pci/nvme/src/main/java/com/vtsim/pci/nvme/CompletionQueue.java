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
    /** Entries that were posted since its interrupt was last raised. */
    int news;
    /** When its interrupt has waited long enough for more entries; -1 while it does not wait. */
    long deadline = -1;
    /** Its interrupt has been raised for entries that the guest has not taken yet. */
    boolean told;

    CompletionQueue(int id, long base, int size, int vector, boolean interrupts) {
        this.id = id;
        this.base = base;
        this.size = size;
        this.vector = vector;
        this.interrupts = interrupts;
    }

    /** As saved. */
    record Saved(int id, long base, int size, int vector, boolean interrupts, int head, int tail, boolean phase, int news, long deadline, boolean told) {
        CompletionQueue queue() {
            CompletionQueue queue = new CompletionQueue(id, base, size, vector, interrupts);
            queue.head = head;
            queue.tail = tail;
            queue.phase = phase;
            queue.news = news;
            queue.deadline = deadline;
            queue.told = told;
            return queue;
        }
    }

    Saved save() {
        return new Saved(id, base, size, vector, interrupts, head, tail, phase, news, deadline, told);
    }

    boolean isFull() {
        return (tail + 1) % size == head;
    }

    /** @return whether the guest has not taken note of all entries */
    boolean isWaiting() {
        return head != tail;
    }
}
