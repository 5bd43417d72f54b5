package com.vtsim.pci.endpoint;

import com.vtsim.api.machine.MessageTarget;
import com.vtsim.api.machine.StatelessPart;
import com.vtsim.api.pci.RequestTranslator;
import java.util.ArrayList;
import java.util.List;

/** Adds 10_0000h to an address where a page is present, and writes down what it is asked. Takes interrupt messages too. */
final class FakeUnit extends StatelessPart implements RequestTranslator, MessageTarget {
    static final long SHIFT = 0x10_0000;

    final List<String> heard = new ArrayList<>();
    boolean present = true;
    boolean writable = true;
    boolean pages = true;
    int status;
    long length = 4096;
    Runnable onPage = () -> { };

    @Override
    public boolean owns(int sourceId) {
        return true;
    }

    @Override
    public boolean translate(Request request) {
        heard.add("%s %s%x%s".formatted(request.write ? "write" : "read", request.translated ? "translated " : "", request.address, request.pasid < 0 ? "" : " pasid " + request.pasid));
        request.hostPhysical = request.translated ? request.address : request.address + SHIFT;
        return request.translated || present;
    }

    @Override
    public boolean remap(Message message) {
        heard.add("interrupt %x".formatted(message.data));
        return true;
    }

    @Override
    public boolean translation(Translation translation) {
        heard.add("translation %x%s%s".formatted(translation.address, translation.noWrite ? " no write" : "", translation.pasid < 0 ? "" : " pasid " + translation.pasid));
        if (status != 0) {
            return translation.fail(status);
        }
        translation.status = Translation.SUCCESS;
        translation.length = present ? length : 0;
        translation.hostPhysical = (translation.address & -length) + SHIFT;
        translation.readable = present;
        translation.writable = present && writable;
        translation.global = false;
        translation.executable = false;
        translation.untranslatedOnly = false;
        return true;
    }

    @Override
    public boolean pageRequest(PageRequest request) {
        heard.add("page %x group %d%s".formatted(request.address, request.group, request.last ? " last" : ""));
        onPage.run();
        return pages;
    }

    @Override
    public void invalidated(int sourceId, int tags, int count) {
        heard.add("invalidated %x %x %d".formatted(sourceId, tags, count));
    }

    @Override
    public void message(long address, int data) { }
}
