package com.vtsim.machine.load;

import com.vtsim.api.machine.MemorySpace;
import java.lang.reflect.Proxy;

/** Memory that takes blocks of bytes and nothing else. */
final class RecordingMemory {
    final byte[] bytes;

    RecordingMemory(int size) {
        bytes = new byte[size];
    }

    MemorySpace space() {
        return (MemorySpace) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {MemorySpace.class}, (proxy, method, arguments) -> {
            if (!method.getName().equals("write") || arguments.length != 4) {
                throw new UnsupportedOperationException(method.toString());
            }
            long to = (Long) arguments[0];
            if (to < bytes.length) {
                System.arraycopy(arguments[1], (Integer) arguments[2], bytes, (int) to, (Integer) arguments[3]);
            }
            return null;
        });
    }
}
