package com.vtsim.shell.family;

import com.vtsim.api.machine.OperatorException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Text as an operator writes it for a guest, with escapes for keys that have no character. */
final class Typed {
    private Typed() { }

    /** @return UTF-8. @throws OperatorException if it has an escape that means nothing */
    static byte[] bytes(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int i = 0;
        while (i < text.length()) {
            int letter = text.codePointAt(i);
            i += Character.charCount(letter);
            if (letter != '\\') {
                bytes.writeBytes(Character.toString(letter).getBytes(StandardCharsets.UTF_8));
                continue;
            }
            char kind = i < text.length() ? text.charAt(i) : 0;
            i++;
            if (kind == 'x' && i + 2 <= text.length() && text.substring(i, i + 2).matches("[0-9a-fA-F]{2}")) {
                bytes.write(Integer.parseInt(text.substring(i, i + 2), 16));
                i += 2;
            } else {
                bytes.write(key(kind, text));
            }
        }
        return bytes.toByteArray();
    }

    private static int key(char kind, String text) {
        return switch (kind) {
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'e' -> 0x1B;
            case '\\' -> '\\';
            default -> throw new OperatorException("'" + text + "' has a \\ that means nothing; there are \\n \\r \\t \\e \\\\ and \\xHH");
        };
    }
}
