package com.vtsim.pci.endpoint;

import com.vtsim.api.pci.AddressTranslation;
import com.vtsim.api.pci.DeviceTlb;
import com.vtsim.api.pci.PageRequests;
import com.vtsim.api.pci.ProcessAddressSpaces;
import com.vtsim.api.pci.RequestTranslator.PageRequest;
import com.vtsim.api.pci.RequestTranslator.Translation;
import com.vtsim.api.pci.TestEndpoint.Mode;
import com.vtsim.api.pci.TestEndpoint.Order;
import com.vtsim.api.pci.Upstream;
import com.vtsim.api.pci.Upstream.Prefix;
import java.util.function.Consumer;

/**
 * What the endpoint says to the root complex for one order: the request itself, and before it, where its cache has no translation, a translation request
 * and a page request. Source: PCI Express Base Specification, Address Translation Services; Page Request Services.
 */
final class Conversation {
    private static final long PAGE = 4096;
    private static final int GROUPS = 0x200;
    private static final int NONE = -1;

    private final DeviceCache cache;
    private final AddressTranslation translationServices;
    private final PageRequests pageRequests;
    private final ProcessAddressSpaces spaces;
    private final Consumer<EndpointRegister> counter;
    private final Translation translation = new Translation();
    private final PageRequest page = new PageRequest();
    private Upstream upstream;
    private int nextGroup;
    /** The group that is asked for right now: its response may come before the request returns. */
    private int asking = NONE;
    private int answer = NONE;

    /**
     * How an order ended.
     *
     * @param code  what the endpoint's status register shows
     * @param words for the operator
     * @param group the page request group it waits for, or -1
     */
    record Result(int code, String words, int group) {
        static final Result COMPLETED = new Result(0, "completed", NONE);
        static final Result PAGE_REFUSED = new Result(5, "page request: the page is not to be had", NONE);

        boolean completed() {
            return code == 0;
        }

        static Result refused(String why) {
            return new Result(1, why.isEmpty() ? "not completed" : why, NONE);
        }
    }

    Conversation(DeviceCache cache, AddressTranslation translationServices, PageRequests pageRequests, ProcessAddressSpaces spaces, Consumer<EndpointRegister> counter) {
        this.cache = cache;
        this.translationServices = translationServices;
        this.pageRequests = pageRequests;
        this.spaces = spaces;
        this.counter = counter;
    }

    void attach(Upstream newUpstream) {
        upstream = newUpstream;
    }

    void reset() {
        nextGroup = 0;
        asking = NONE;
    }

    int nextGroup() {
        return nextGroup;
    }

    void nextGroup(int group) {
        nextGroup = group;
    }

    /** @return whether a response was for the group that is being asked for */
    boolean answered(int group, int code) {
        if (asking != group) {
            return false;
        }
        answer = code;
        return true;
    }

    Result carryOut(Order order, byte[] data, int length) {
        if (upstream == null) {
            return Result.refused("there is no bus");
        }
        if (order.pasid() >= 0 && !spaces.enabled()) {
            return new Result(2, "not sent: PASID is not enabled", NONE);
        }
        for (int done = 0; done < length; ) {
            int part = (int) Math.min(length - done, PAGE - (order.address() + done & PAGE - 1));
            Result result = part(order, order.address() + done, data, done, part);
            if (!result.completed()) {
                if (!order.write()) {
                    java.util.Arrays.fill(data, done, length, (byte) 0xFF);
                }
                return result;
            }
            done += part;
        }
        return Result.COMPLETED;
    }

    private Result part(Order order, long address, byte[] data, int at, int length) {
        if (order.mode() != Mode.CACHED) {
            boolean translated = order.mode() == Mode.TRANSLATED;
            Prefix prefix = new Prefix(order.pasid(), order.execute(), order.privileged(), translated);
            return transfer(prefix, order.write(), address, data, at, length);
        }
        if (!translationServices.enabled()) {
            return new Result(3, "not sent: ATS is not enabled", NONE);
        }
        int needed = order.write() ? 2 : order.execute() ? 4 : 1;
        DeviceCache.Entry entry = cache.find(order.pasid(), address, order.privileged());
        for (int tries = 0; entry == null || (entry.rights() & needed) == 0; tries++) {
            if (!ask(order, address)) {
                return new Result(4, "translation request: " + (translation.status == Translation.ABORT ? "completer abort" : "unsupported request"), NONE);
            }
            if (translation.untranslatedOnly) {
                return transfer(new Prefix(order.pasid(), order.execute(), order.privileged(), false), order.write(), address, data, at, length);
            }
            entry = translation.length == 0 || !translation.readable && !translation.writable ? null : cache.keep(translation);
            if (entry != null && (entry.rights() & needed) != 0) {
                break;
            }
            Result result = tries == 0 ? want(order, address) : new Result(4, "translation request: no right to " + (order.write() ? "write" : "read"), NONE);
            if (!result.completed()) {
                return result;
            }
        }
        Prefix prefix = Prefix.TRANSLATED;
        return transfer(prefix, order.write(), entry.hostPhysical() + (address - entry.address()), data, at, length);
    }

    private boolean ask(Order order, long address) {
        translation.pasid = order.pasid();
        translation.address = address & -PAGE;
        translation.noWrite = !order.write();
        translation.execute = order.execute();
        translation.privileged = order.privileged();
        counter.accept(EndpointRegister.TRANSLATIONS);
        return upstream.translation(translation);
    }

    /** Asks for a page. */
    private Result want(Order order, long address) {
        if (!pageRequests.enabled()) {
            return new Result(4, "translation request: no right to " + (order.write() ? "write" : "read"), NONE);
        }
        page.pasid = order.pasid();
        page.address = address & -PAGE;
        page.read = !order.write();
        page.write = order.write();
        page.execute = order.execute();
        page.privileged = order.privileged();
        page.last = true;
        page.group = nextGroup;
        nextGroup = (nextGroup + 1) % GROUPS;
        asking = page.group;
        answer = NONE;
        counter.accept(EndpointRegister.PAGES);
        boolean taken = upstream.pageRequest(page);
        int group = asking;
        asking = NONE;
        if (answer != NONE) {
            return answer == DeviceTlb.RESPONSE_SUCCESS ? Result.COMPLETED : Result.PAGE_REFUSED;
        }
        return taken ? new Result(6, "page requested, group " + group + ": no response yet", group) : new Result(5, "page request: dropped", NONE);
    }

    private Result transfer(Prefix prefix, boolean write, long address, byte[] data, int at, int length) {
        boolean plain = prefix.pasid() < 0 && !prefix.translated();
        boolean done = write ? plain ? upstream.write(address, data, at, length) : upstream.write(prefix, address, data, at, length)
                : upstream.read(prefix, address, data, at, length);
        return done ? Result.COMPLETED : Result.refused(upstream.refusal());
    }
}
