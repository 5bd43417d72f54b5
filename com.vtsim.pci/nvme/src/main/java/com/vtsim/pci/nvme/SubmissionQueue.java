package com.vtsim.pci.nvme;

/** A submission queue as the controller knows it. */
final class SubmissionQueue {
    final int id;
    final long base;
    final int size;
    final int completion;
    final int priority;
    int head;
    int tail;

    SubmissionQueue(int id, long base, int size, int completion, int priority) {
        this.id = id;
        this.base = base;
        this.size = size;
        this.completion = completion;
        this.priority = priority;
    }

    /** As saved. */
    record Saved(int id, long base, int size, int completion, int priority, int head, int tail) {
        SubmissionQueue queue() {
            SubmissionQueue queue = new SubmissionQueue(id, base, size, completion, priority);
            queue.head = head;
            queue.tail = tail;
            return queue;
        }
    }

    Saved save() {
        return new Saved(id, base, size, completion, priority, head, tail);
    }

    boolean isEmpty() {
        return head == tail;
    }
}
