package com.vtsim.pci.nvme;

import com.vtsim.api.machine.StateException;
import java.util.ArrayList;
import java.util.List;

/**
 * The queues: made and deleted by admin commands, rung by doorbells. A command is fetched only if its completion queue has room for its entry, so
 * that nothing is ever between the queues. Source: NVM Express Base Specification 1.4, Submission Queue and Completion Queue Definition, Queue Management.
 */
final class Queues {
    /** I/O queues of each kind. */
    static final int MOST = 32;
    /** Interrupt vectors: one for each pair of queues. */
    static final int VECTORS = MOST + 1;
    private static final int ENTRY = 16;

    private final SubmissionQueue[] submissions = new SubmissionQueue[MOST + 1];
    private final CompletionQueue[] completions = new CompletionQueue[MOST + 1];
    private final Memory memory;
    private final byte[] entry = new byte[ENTRY];
    private int last;

    Queues(Memory memory) {
        this.memory = memory;
    }

    /** What the doorbell of a queue was rung with. */
    enum Ring {
        /** There may be work. */
        GOOD,
        /** There is no such queue. */
        NO_QUEUE,
        /** The value is out of range, or that of the last time. */
        BAD_VALUE
    }

    /** As saved. */
    record Saved(List<SubmissionQueue.Saved> submissions, List<CompletionQueue.Saved> completions, int last) { }

    void clear() {
        for (int i = 0; i <= MOST; i++) {
            submissions[i] = null;
            completions[i] = null;
        }
        last = 0;
    }

    /** The admin queues, as the registers say. */
    void begin(long submissionBase, int submissionSize, long completionBase, int completionSize) {
        clear();
        submissions[0] = new SubmissionQueue(0, submissionBase, submissionSize, 0, 0);
        completions[0] = new CompletionQueue(0, completionBase, completionSize, 0, true);
    }

    /** @return the queue, or null */
    SubmissionQueue submission(int id) {
        return id >= 0 && id <= MOST ? submissions[id] : null;
    }

    /** @return the queue, or null */
    CompletionQueue completion(int id) {
        return id >= 0 && id <= MOST ? completions[id] : null;
    }

    boolean anyInputOutput() {
        for (int i = 1; i <= MOST; i++) {
            if (submissions[i] != null || completions[i] != null) {
                return true;
            }
        }
        return false;
    }

    /** Create I/O Completion Queue. */
    Status createCompletion(Command command) {
        int id = command.dword(10) & 0xFFFF;
        int size = (command.dword(10) >>> 16) + 1;
        int vector = command.dword(11) >>> 16;
        if (id == 0 || id > MOST || completions[id] != null) {
            return command.wrong(Status.INVALID_QUEUE_IDENTIFIER, 10);
        }
        Status status = checked(command, size);
        if (status != Status.SUCCESS) {
            return status;
        }
        if (vector >= VECTORS) {
            return command.wrong(Status.INVALID_INTERRUPT_VECTOR, 11);
        }
        completions[id] = new CompletionQueue(id, command.prp1(), size, vector, (command.dword(11) & 2) != 0);
        return Status.SUCCESS;
    }

    /** Create I/O Submission Queue. */
    Status createSubmission(Command command) {
        int id = command.dword(10) & 0xFFFF;
        int size = (command.dword(10) >>> 16) + 1;
        int completion = command.dword(11) >>> 16;
        if (id == 0 || id > MOST || submissions[id] != null || completion == 0 || completion > MOST) {
            return command.wrong(Status.INVALID_QUEUE_IDENTIFIER, id == 0 || id > MOST || submissions[id] != null ? 10 : 11);
        }
        if (completions[completion] == null) {
            return command.wrong(Status.COMPLETION_QUEUE_INVALID, 11);
        }
        Status status = checked(command, size);
        if (status != Status.SUCCESS) {
            return status;
        }
        submissions[id] = new SubmissionQueue(id, command.prp1(), size, completion, command.dword(11) >> 1 & 3);
        return Status.SUCCESS;
    }

    /** What both kinds have in common: a size that is possible, one piece of memory (CAP.CQR), on a page. */
    private static Status checked(Command command, int size) {
        if (size < 2 || size > ControllerRegister.MOST_ENTRIES) {
            return command.wrong(Status.INVALID_QUEUE_SIZE, 10);
        }
        if ((command.dword(11) & 1) == 0) {
            return command.wrong(Status.INVALID_FIELD, 11);
        }
        return (command.prp1() & 0xFFF) != 0 ? command.wrong(Status.PRP_OFFSET_INVALID, 6) : Status.SUCCESS;
    }

    /** Delete I/O Submission Queue: commands it still holds are gone. */
    Status deleteSubmission(Command command) {
        int id = command.dword(10) & 0xFFFF;
        if (id == 0 || id > MOST || submissions[id] == null) {
            return command.wrong(Status.INVALID_QUEUE_IDENTIFIER, 10);
        }
        submissions[id] = null;
        return Status.SUCCESS;
    }

    /** Delete I/O Completion Queue. */
    Status deleteCompletion(Command command) {
        int id = command.dword(10) & 0xFFFF;
        if (id == 0 || id > MOST || completions[id] == null) {
            return command.wrong(Status.INVALID_QUEUE_IDENTIFIER, 10);
        }
        for (SubmissionQueue queue : submissions) {
            if (queue != null && queue.completion == id) {
                return command.wrong(Status.INVALID_QUEUE_DELETION, 10);
            }
        }
        completions[id] = null;
        return Status.SUCCESS;
    }

    /** A submission queue's tail doorbell. */
    Ring ringTail(int id, int value) {
        SubmissionQueue queue = submission(id);
        if (queue == null) {
            return Ring.NO_QUEUE;
        }
        if (value >= queue.size || value == queue.tail) {
            return Ring.BAD_VALUE;
        }
        queue.tail = value;
        return Ring.GOOD;
    }

    /** A completion queue's head doorbell: entries up to it have been taken. */
    Ring ringHead(int id, int value) {
        CompletionQueue queue = completion(id);
        if (queue == null) {
            return Ring.NO_QUEUE;
        }
        int waiting = (queue.tail - queue.head + queue.size) % queue.size;
        int taken = (value - queue.head + queue.size) % queue.size;
        if (value >= queue.size || taken == 0 || taken > waiting) {
            return Ring.BAD_VALUE;
        }
        queue.head = value;
        if (!queue.isWaiting()) {
            queue.news = 0;
            queue.deadline = -1;
            queue.told = false;
        }
        return Ring.GOOD;
    }

    /** @return the next queue with a command whose completion has room, the admin queue first, the others in turn; null if there is none */
    SubmissionQueue next() {
        if (isReady(submissions[0])) {
            return submissions[0];
        }
        for (int i = 0; i < MOST; i++) {
            int id = (last + i) % MOST + 1;
            if (isReady(submissions[id])) {
                last = id;
                return submissions[id];
            }
        }
        return null;
    }

    private boolean isReady(SubmissionQueue queue) {
        return queue != null && !queue.isEmpty() && !completions[queue.completion].isFull();
    }

    /** @return whether {@link #next} has something */
    boolean isWork() {
        for (SubmissionQueue queue : submissions) {
            if (isReady(queue)) {
                return true;
            }
        }
        return false;
    }

    /** Takes the entry at a queue's head. @return false if it cannot be read */
    boolean fetch(SubmissionQueue queue, Command command) {
        if (!memory.read(queue.base + (long) queue.head * Command.LENGTH, command.bytes, 0, Command.LENGTH)) {
            return false;
        }
        queue.head = (queue.head + 1) % queue.size;
        return true;
    }

    /** Posts a completion; there must be room. @return false if it cannot be written */
    boolean post(SubmissionQueue from, int commandId, int statusField, int result) {
        CompletionQueue queue = completions[from.completion];
        put(0, result);
        put(4, 0);
        put(8, from.head | from.id << 16);
        put(12, commandId | (queue.phase ? 1 << 16 : 0) | statusField << 17);
        if (!memory.write(queue.base + (long) queue.tail * ENTRY, entry, 0, ENTRY)) {
            return false;
        }
        queue.tail = (queue.tail + 1) % queue.size;
        if (queue.tail == 0) {
            queue.phase = !queue.phase;
        }
        queue.news++;
        return true;
    }

    private void put(int at, int value) {
        for (int i = 0; i < 4; i++) {
            entry[at + i] = (byte) (value >> 8 * i);
        }
    }

    Saved save() {
        List<SubmissionQueue.Saved> from = new ArrayList<>();
        List<CompletionQueue.Saved> to = new ArrayList<>();
        for (int i = 0; i <= MOST; i++) {
            if (submissions[i] != null) {
                from.add(submissions[i].save());
            }
            if (completions[i] != null) {
                to.add(completions[i].save());
            }
        }
        return new Saved(from, to, last);
    }

    /** @throws StateException if a queue is not possible; nothing is then changed */
    void restore(Saved saved) {
        boolean[] there = new boolean[MOST + 1];
        for (CompletionQueue.Saved queue : saved.completions()) {
            possible(queue.id(), queue.size(), queue.head(), queue.tail());
            possible(queue.id(), VECTORS, queue.vector(), 0);
            there[queue.id()] = true;
        }
        for (SubmissionQueue.Saved queue : saved.submissions()) {
            possible(queue.id(), queue.size(), queue.head(), queue.tail());
            if (queue.completion() < 0 || queue.completion() > MOST || !there[queue.completion()]) {
                throw new StateException("submission queue " + queue.id() + " has no completion queue " + queue.completion());
            }
        }
        clear();
        saved.completions().forEach(queue -> completions[queue.id()] = queue.queue());
        saved.submissions().forEach(queue -> submissions[queue.id()] = queue.queue());
        last = saved.last();
    }

    private static void possible(int id, int size, int head, int tail) {
        if (id < 0 || id > MOST || size < 2 || size > 4096 || head < 0 || head >= size || tail < 0 || tail >= size) {
            throw new StateException("queue " + id + " of " + size + " entries with head " + head + " and tail " + tail + " is not possible");
        }
    }
}
