package com.vtsim.pci.nvme;

import com.vtsim.api.machine.StateException;
import java.util.ArrayList;
import java.util.List;

/**
 * Asynchronous events and the requests that wait for them. An event of a type that has been told is held back until its log page is read.
 * Source: NVM Express Base Specification 1.4, Asynchronous Event Request command.
 */
final class AsyncEvents {
    /** Requests that may wait. */
    static final int MOST = 4;
    /** Error: a doorbell of a queue that is not there. */
    static final int INVALID_DOORBELL = event(0, 0x00, 0x01);
    /** Error: a doorbell with a value that is not possible. */
    static final int INVALID_DOORBELL_VALUE = event(0, 0x01, 0x01);
    /** SMART: the temperature is beyond a threshold. */
    static final int TEMPERATURE = event(1, 0x01, 0x02);
    /** Notice: namespaces have come, gone or changed their size. */
    static final int NAMESPACES_CHANGED = event(2, 0x00, 0x04);
    private static final int TYPES = 3;
    private static final int QUEUED = 16;

    private final List<Integer> requests = new ArrayList<>();
    private final List<Integer> pending = new ArrayList<>();
    private final List<Integer> aborted = new ArrayList<>();
    private int told;

    /** As saved: identifiers of waiting commands and of aborted ones that are not completed yet, events not yet told, types held back. */
    record Saved(List<Integer> requests, List<Integer> aborted, List<Integer> pending, int told) { }

    private static int event(int type, int information, int log) {
        return type | information << 8 | log << 16;
    }

    /** Asynchronous Event Request. */
    Status request(Command command) {
        if (requests.size() == MOST) {
            return Status.TOO_MANY_EVENT_REQUESTS;
        }
        requests.add(command.id());
        return Status.PENDING;
    }

    /** Abort. @return whether the request was waiting */
    boolean abort(int commandId) {
        boolean waited = requests.remove((Integer) commandId);
        if (waited) {
            aborted.add(commandId);
        }
        return waited;
    }

    /** Something has happened. The same event is queued once. */
    void raise(int event) {
        if (!pending.contains(event) && pending.size() < QUEUED) {
            pending.add(event);
        }
    }

    /** @return an aborted request that is to be completed, or -1 */
    int takeAborted() {
        return aborted.isEmpty() ? -1 : aborted.remove(0);
    }

    /** @return whether {@link #takeAborted} has one */
    boolean isAborted() {
        return !aborted.isEmpty();
    }

    /** @return whether {@link #tell} has something to tell and somebody to tell it */
    boolean isDue() {
        return !requests.isEmpty() && next() >= 0;
    }

    private int next() {
        for (int i = 0; i < pending.size(); i++) {
            if ((told >> (pending.get(i) & 7) & 1) == 0) {
                return i;
            }
        }
        return -1;
    }

    /** @return the event: double word 0 of the completion of {@link #takeRequest} */
    int tell() {
        int event = pending.remove(next());
        told |= 1 << (event & 7);
        return event;
    }

    /** @return the command that it completes */
    int takeRequest() {
        return requests.remove(0);
    }

    /** A log page has been read, and events that it explains may be told again. */
    void logRead(int log) {
        for (int type = 0; type < TYPES; type++) {
            if (log == type + 1 && type < 2 || log == 4 && type == 2) {
                told &= ~(1 << type);
                int cleared = type;
                pending.removeIf(event -> (event & 7) == cleared);
            }
        }
    }

    /** A controller level reset: requests are forgotten, and so are events. */
    void clear() {
        requests.clear();
        aborted.clear();
        pending.clear();
        told = 0;
    }

    Saved save() {
        return new Saved(List.copyOf(requests), List.copyOf(aborted), List.copyOf(pending), told);
    }

    /** @throws StateException if it does not fit; nothing is then changed */
    void restore(Saved saved) {
        if (saved.requests().size() + saved.aborted().size() > 2 * MOST || saved.pending().size() > QUEUED) {
            throw new StateException("state of nvme has " + saved.requests().size() + " event requests and " + saved.pending().size() + " events");
        }
        clear();
        requests.addAll(saved.requests());
        aborted.addAll(saved.aborted());
        pending.addAll(saved.pending());
        told = saved.told();
    }
}
