package com.vtsim.pci.bus;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.MessageTarget;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.RequestTranslator;
import com.vtsim.api.pci.Upstream;
import java.util.Arrays;

/**
 * A function's way to memory: bus-master enable, the remapping unit that owns the requester if there is one, then memory or,
 * for a 4-byte write to FEEx_xxxxh, the interrupt controller. While its unit is away all its requests fail. Valid until the function is attached afresh.
 */
final class Requester implements Upstream {
    private static final long INTERRUPT_RANGE = 0xFEE0_0000L;
    private static final long INTERRUPT_MASK = ~0xF_FFFFL;
    private static final String STRAY = "unsupported request: an interrupt is a write of four bytes";

    private final PciFunction function;
    private final HostBridge host;
    private final int forged;
    private String refusal = "";
    private int generation;
    private int sourceId;
    private MemorySpace memory;
    private RequestTranslator translator;
    private boolean orphan;
    private MessageTarget target;
    private final RequestTranslator.Request request = new RequestTranslator.Request();
    private final RequestTranslator.Message message = new RequestTranslator.Message();

    /** @param forged source-id to carry in place of the function's own, or -1 */
    Requester(PciFunction function, HostBridge host, int forged) {
        this.function = function;
        this.host = host;
        this.forged = forged;
    }

    /** Looks up afresh what lies on the way: a function may be attached before the host bridge. @return whether there is a way */
    private boolean isConnected() {
        if (generation != host.generation()) {
            Board board = host.board();
            generation = host.generation();
            sourceId = sourceId();
            memory = board.memory();
            translator = host.translators().owner(board, sourceId);
            orphan = translator == null && host.translators().isOrphan(board, sourceId);
            target = board.find(MessageTarget.class).orElse(null);
        }
        return memory != null;
    }

    @Override
    public int sourceId() {
        return forged >= 0 ? forged : host.topology().sourceId(function);
    }

    @Override
    public String refusal() {
        return refusal;
    }

    private boolean refused(String why) {
        refusal = why;
        return false;
    }

    private boolean mayAsk(boolean translated) {
        refusal = "";
        if (!isConnected()) {
            return refused("there is no way to memory");
        }
        if (!host.mayRequest(function)) {
            return refused("not sent: bus-master enable is clear, or the function sleeps");
        }
        if (!host.topology().forwards(function)) {
            return refused("unsupported request: a bridge above does not forward");
        }
        if (orphan) {
            return refused("blocked: the remapping unit is away");
        }
        return host.topology().admits(function, sourceId, translated) || refused("ACS violation");
    }

    @Override
    public boolean read(long dmaAddress, byte[] into, int offset, int length) {
        return read(Prefix.NONE, dmaAddress, into, offset, length);
    }

    @Override
    public boolean read(Prefix prefix, long dmaAddress, byte[] into, int offset, int length) {
        boolean all = mayAsk(prefix.translated()) && (length > 0 || flushes(prefix, dmaAddress));
        boolean poisoned = false;
        for (int done = 0; all && done < length; ) {
            int covered = piece(prefix, dmaAddress + done, length - done, false);
            all = covered > 0 && (isThere(request.hostPhysical) || missed());
            if (all) {
                host.requesting(function);
                memory.read(request.hostPhysical, into, offset + done, covered);
                host.requesting(null);
                poisoned = host.metPoison();
                all = !poisoned || refused("poisoned completion: the memory there has an uncorrectable error");
                done += covered;
            }
        }
        if (!all) {
            Arrays.fill(into, offset, offset + length, (byte) 0xFF);
            if (poisoned) {
                host.poisoned(function);
            } else if (isConnected() && host.mayRequest(function)) {
                host.failed(function);
            }
        }
        return all;
    }

    @Override
    public boolean write(long dmaAddress, byte[] from, int offset, int length) {
        if (isInterrupt(dmaAddress) && length == 4) {
            return message(dmaAddress, from[offset] & 0xFF | (from[offset + 1] & 0xFF) << 8 | (from[offset + 2] & 0xFF) << 16 | from[offset + 3] << 24);
        }
        return write(Prefix.NONE, dmaAddress, from, offset, length);
    }

    @Override
    public boolean write(Prefix prefix, long dmaAddress, byte[] from, int offset, int length) {
        if (!mayAsk(prefix.translated())) {
            return false;
        }
        for (int done = 0; done < length; ) {
            int covered = piece(prefix, dmaAddress + done, length - done, true);
            if (covered == 0) {
                return false;
            }
            host.requesting(function);
            memory.write(request.hostPhysical, from, offset + done, covered);
            host.requesting(null);
            done += covered;
        }
        return true;
    }

    private boolean missed() {
        host.missed(function, request.hostPhysical, false);
        return refused("unsupported request: nobody is at the address");
    }

    /** Translates up to the end of a page into {@link #request}. @return bytes covered, 0 if the request is blocked */
    private int piece(Prefix prefix, long dmaAddress, int left, boolean write) {
        int inPage = (int) Math.min(left, MemorySpace.PAGE - (dmaAddress & MemorySpace.PAGE - 1));
        boolean stray = isInterrupt(dmaAddress) && !prefix.translated() && prefix.pasid() < 0;
        if (translator == null && (prefix.translated() || stray)) {
            refused(stray ? STRAY : "unsupported request: there is no remapping unit");
            return 0;
        }
        ask(prefix, dmaAddress, inPage, write);
        if (translator != null && !translator.translate(request) || isInterrupt(request.hostPhysical)) {
            refused(stray ? STRAY : "blocked by the remapping unit");
            return 0;
        }
        return (int) Math.min(request.covered, inPage);
    }

    private void ask(Prefix prefix, long dmaAddress, int length, boolean write) {
        request.sourceId = sourceId;
        request.pasid = prefix.pasid();
        request.address = dmaAddress;
        request.length = length;
        request.write = write;
        request.execute = prefix.execute();
        request.privileged = prefix.privileged();
        request.translated = prefix.translated();
        request.hostPhysical = dmaAddress;
        request.covered = length;
    }

    /** A read of no bytes: it is translated, and pushes what was written before. */
    private boolean flushes(Prefix prefix, long dmaAddress) {
        ask(prefix, dmaAddress, 0, false);
        return translator == null ? !prefix.translated() : translator.translate(request) || refused("blocked by the remapping unit");
    }

    private boolean isThere(long hpa) {
        if (memory.page(hpa) != null) {
            return true;
        }
        for (MemorySpace.Region region : memory.regions()) {
            if (hpa >= region.base() && hpa - region.base() < region.length()) {
                return !region.kind().equals("hole");
            }
        }
        return false;
    }

    private static boolean isInterrupt(long address) {
        return (address & INTERRUPT_MASK) == INTERRUPT_RANGE;
    }

    @Override
    public boolean message(long address, int data) {
        if (!mayAsk(false)) {
            return false;
        }
        if (!isInterrupt(address)) {
            return write(address, new byte[] {(byte) data, (byte) (data >> 8), (byte) (data >> 16), (byte) (data >> 24)}, 0, 4);
        }
        message.sourceId = sourceId;
        message.address = address;
        message.data = data;
        if (translator != null && !translator.remap(message)) {
            return refused("blocked or posted by the remapping unit");
        }
        if (target == null) {
            return refused("unsupported request: nobody takes interrupt messages");
        }
        target.message(message.address, message.data);
        return true;
    }

    @Override
    public boolean translation(RequestTranslator.Translation translation) {
        boolean sent = mayAsk(false) && translator != null;
        translation.sourceId = sourceId;
        return sent ? translator.translation(translation) || refused("translation request not successful")
                : translation.fail(RequestTranslator.Translation.UNSUPPORTED);
    }

    @Override
    public boolean pageRequest(RequestTranslator.PageRequest page) {
        boolean sent = mayAsk(false) && translator != null;
        page.sourceId = sourceId;
        return sent && (translator.pageRequest(page) || refused("page request dropped"));
    }

    @Override
    public void invalidated(int tags, int count) {
        if (isConnected() && translator != null && host.topology().forwards(function)) {
            translator.invalidated(sourceId, tags, count);
        }
    }
}
