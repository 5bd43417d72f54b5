package com.vtsim.vtd;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.StatelessPart;
import com.vtsim.api.pci.DeviceTlb;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciHost;
import com.vtsim.api.pci.RequestTranslator.PageRequest;
import com.vtsim.api.pci.RequestTranslator.Translation;
import com.vtsim.api.pci.Upstream;
import java.util.ArrayList;
import java.util.List;

/** A function with a device-TLB, on the bus; notes what it is told. */
final class Endpoint extends StatelessPart implements DeviceTlb {
    final List<String> told = new ArrayList<>();
    final PciAddress address;
    /** Tags of invalidation requests that it has not answered. */
    final List<Integer> unanswered = new ArrayList<>();
    boolean answers = true;
    Upstream upstream;

    Endpoint(String address) {
        this("endpoint", address);
    }

    Endpoint(String name, String address) {
        super(name);
        this.address = PciAddress.parse(address);
    }

    Translation ask(int pasid, long dmaAddress, boolean noWrite) {
        Translation translation = new Translation();
        translation.pasid = pasid;
        translation.address = dmaAddress;
        translation.noWrite = noWrite;
        upstream.translation(translation);
        return translation;
    }

    boolean pageRequest(int pasid, long dmaAddress, int group, boolean write, boolean last) {
        PageRequest request = new PageRequest();
        request.pasid = pasid;
        request.address = dmaAddress;
        request.read = true;
        request.write = write;
        request.last = last;
        request.group = group;
        return upstream.pageRequest(request);
    }

    @Override
    public boolean invalidate(int pasid, long dmaAddress, long length, boolean global) {
        told.add(String.format("drop %d %x %x%s", pasid, dmaAddress, length, global ? " global" : ""));
        return answers;
    }

    @Override
    public boolean invalidate(int tag, int pasid, long dmaAddress, long length, boolean global) {
        boolean answered = invalidate(pasid, dmaAddress, length, global);
        if (!answered) {
            unanswered.add(tag);
        }
        return answered;
    }

    @Override
    public void pageResponse(int pasid, int group, int code) {
        told.add(String.format("response %d %d %d", pasid, group, code));
    }

    @Override
    public PciAddress address() {
        return address;
    }

    @Override
    public int configRead(int offset, int size) {
        return offset == 0 ? 0x1234 : offset == 4 ? 6 : offset == 0x100 ? 0x1_000F : 0;
    }

    @Override
    public void configWrite(int offset, int size, int value) { }

    @Override
    public void attach(Board board) {
        upstream = board.find(PciHost.class).map(host -> host.upstream(this)).orElse(null);
    }
}
