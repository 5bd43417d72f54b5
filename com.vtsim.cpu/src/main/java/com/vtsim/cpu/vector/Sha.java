package com.vtsim.cpu.vector;

import static com.vtsim.cpu.vector.FloatArithmetic.joined;
import static java.lang.Integer.rotateLeft;
import static java.lang.Integer.rotateRight;

import com.vtsim.cpu.engine.Semantics;

/** Steps of SHA-1 and SHA-256. @sdm SHA1RNDS4; SHA1NEXTE; SHA1MSG1; SHA1MSG2; SHA256RNDS2; SHA256MSG1; SHA256MSG2 */
final class Sha {
    private static final int[] SHA1_CONSTANTS = {0x5A82_7999, 0x6ED9_EBA1, 0x8F1B_BCDC, 0xCA62_C1D6};

    private Sha() { }

    static void define(Semantics s) {
        s.define("SHA1RNDS4", VectorForm.byImmediate(i -> (v, d, a, b, n) -> fourRounds(v, d, b, i & 3)));
        s.define("SHA1NEXTE", VectorForm.factory((v, d, a, b, n) -> {
            int e = rotateLeft(lane(v, a, 3), 30);
            put(v, d, lane(v, b, 0), lane(v, b, 1), lane(v, b, 2), lane(v, b, 3) + e);
        }));
        s.define("SHA1MSG1", VectorForm.factory((v, d, a, b, n) -> put(v, d, lane(v, b, 2) ^ lane(v, a, 0), lane(v, b, 3) ^ lane(v, a, 1),
            lane(v, a, 0) ^ lane(v, a, 2), lane(v, a, 1) ^ lane(v, a, 3))));
        s.define("SHA1MSG2", VectorForm.factory((v, d, a, b, n) -> {
            int w16 = rotateLeft(lane(v, a, 3) ^ lane(v, b, 2), 1);
            int w17 = rotateLeft(lane(v, a, 2) ^ lane(v, b, 1), 1);
            int w18 = rotateLeft(lane(v, a, 1) ^ lane(v, b, 0), 1);
            put(v, d, rotateLeft(lane(v, a, 0) ^ w16, 1), w18, w17, w16);
        }));
        s.define("SHA256RNDS2", VectorForm.factory((v, d, a, b, n) -> twoRounds(v, d, b)));
        s.define("SHA256MSG1", VectorForm.factory((v, d, a, b, n) -> put(v, d, lane(v, a, 0) + small0(lane(v, a, 1)),
            lane(v, a, 1) + small0(lane(v, a, 2)), lane(v, a, 2) + small0(lane(v, a, 3)), lane(v, a, 3) + small0(lane(v, b, 0)))));
        s.define("SHA256MSG2", VectorForm.factory((v, d, a, b, n) -> {
            int w16 = lane(v, a, 0) + small1(lane(v, b, 2));
            int w17 = lane(v, a, 1) + small1(lane(v, b, 3));
            put(v, d, w16, w17, lane(v, a, 2) + small1(w16), lane(v, a, 3) + small1(w17));
        }));
    }

    private static int lane(long[] v, int at, int i) {
        return (int) (v[at + (i >> 1)] >>> 32 * (i & 1));
    }

    private static void put(long[] v, int d, int x0, int x1, int x2, int x3) {
        v[d] = joined(x0, x1);
        v[d + 1] = joined(x2, x3);
    }

    private static void fourRounds(long[] v, int d, int b, int function) {
        int x = lane(v, d, 3);
        int y = lane(v, d, 2);
        int z = lane(v, d, 1);
        int w = lane(v, d, 0);
        int e = 0;
        for (int i = 3; i >= 0; i--) {
            int f = function == 0 ? y & z ^ ~y & w : function == 2 ? y & z ^ y & w ^ z & w : y ^ z ^ w;
            int next = f + rotateLeft(x, 5) + lane(v, b, i) + e + SHA1_CONSTANTS[function];
            e = w;
            w = z;
            z = rotateLeft(y, 30);
            y = x;
            x = next;
        }
        put(v, d, w, z, y, x);
    }

    private static void twoRounds(long[] v, int d, int source) {
        int a = lane(v, source, 3);
        int b = lane(v, source, 2);
        int c = lane(v, d, 3);
        int dd = lane(v, d, 2);
        int e = lane(v, source, 1);
        int f = lane(v, source, 0);
        int g = lane(v, d, 1);
        int h = lane(v, d, 0);
        for (int i = 0; i < 2; i++) {
            int t = (e & f ^ ~e & g) + (rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25)) + lane(v, 0, i) + h;
            int next = t + (a & b ^ a & c ^ b & c) + (rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22));
            h = g;
            g = f;
            f = e;
            e = t + dd;
            dd = c;
            c = b;
            b = a;
            a = next;
        }
        put(v, d, f, e, b, a);
    }

    private static int small0(int x) {
        return rotateRight(x, 7) ^ rotateRight(x, 18) ^ x >>> 3;
    }

    private static int small1(int x) {
        return rotateRight(x, 17) ^ rotateRight(x, 19) ^ x >>> 10;
    }
}
