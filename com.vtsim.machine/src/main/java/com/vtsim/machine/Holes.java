package com.vtsim.machine;

import com.vtsim.api.machine.Registration;
import com.vtsim.api.machine.Unanswered;
import java.util.ArrayList;
import java.util.List;

/** Who hears of accesses that reach nothing. */
final class Holes {
    private final List<Listener> listeners = new ArrayList<>();
    private final Failures failures;

    private record Listener(Owner owner, Unanswered listener) { }

    Holes(Failures failures) {
        this.failures = failures;
    }

    Registration add(Owner owner, Unanswered listener) {
        owner.check();
        Listener entry = new Listener(owner, listener);
        listeners.add(entry);
        return () -> listeners.removeIf(each -> each == entry);
    }

    void tell(long address, int size, boolean write) {
        for (int i = 0; i < listeners.size(); i++) {
            Listener each = listeners.get(i);
            try {
                each.listener.unanswered(address, size, write);
            } catch (RuntimeException | Error e) {
                failures.failed(each.owner.name, "news of an access that nobody answered", e);
            }
        }
    }

    void withdrawParts() {
        listeners.removeIf(each -> !each.owner.lasts());
    }

    void withdraw(Owner owner) {
        listeners.removeIf(each -> each.owner == owner);
    }
}
