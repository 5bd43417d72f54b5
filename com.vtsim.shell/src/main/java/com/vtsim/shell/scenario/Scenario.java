package com.vtsim.shell.scenario;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.shell.Quantity;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A guest that shows how the platform behaves: an assembler source with claims in its comments.
 * <p>
 * A line {@code ;= S14 text with {label}} is a claim; the lines {@code ;? label == 1} and {@code ;? label != other} behind it say when
 * it holds. A label stands for the quadword there, shown in decimal, or before an {@code h} in hexadecimal. At a line {@code ;! reads label place} the
 * operator stops the guest before the instruction at the label {@code place}, lets it execute that one, and leaves in {@code label} how many entries of
 * paging structures were read for it. {@code ;@ profile option=value …} chooses the machine, {@code ;+ part pid key=value …} adds a part to it, and
 * {@code ;< name} puts another source between the monitor's and this one.
 *
 * @param name    of the source
 * @param source  what is assembled
 * @param claims  in order
 * @param counts  what the operator counts
 * @param profile of the machine
 * @param options of the machine, beside its memory
 * @param parts   that are added to it
 */
record Scenario(String name, String source, List<Claim> claims, List<Count> counts, String profile, Map<String, String> options, List<AddedPart> parts) {
    private static final String MONITOR = "monitor";
    private static final Pattern CLAIM = Pattern.compile(";= (S[0-9]+)([a-z]?) (.*)");
    private static final Pattern CONDITION = Pattern.compile(";\\? (\\w+) (==|!=) (\\w+)");
    private static final Pattern MACHINE = Pattern.compile(";@ (\\S+)(.*)");
    private static final Pattern PART = Pattern.compile(";\\+ (\\S+) (\\S+)(.*)");
    private static final Pattern SETTING = Pattern.compile("(\\S+)=(\\S+)");
    private static final Pattern INCLUDED = Pattern.compile(";< (\\S+)");
    private static final Pattern PLACE = Pattern.compile("\\{(\\w+)}(h?)");

    /** The scenarios there are. */
    static final List<String> NAMES = List.of("without-vmx", "deprivileged", "two-machines", "host-system", "controller-kept", "controller-updated", "memory",
            "interrupt-model-a", "interrupt-pending", "interrupt-model-b-51", "interrupt-model-b-31", "interrupt-direct", "interrupt-window",
            "virtual-timer", "mapped-device", "three-transactions", "nested-walk", "remap-base", "remap-base-elsewhere", "dma-domains", "dma-attack", "figure-1");

    private static final Pattern COUNT = Pattern.compile(";! reads (\\w+) (\\w+)");

    /** @param label that gets the count, @param place label in the guest */
    record Count(String label, String place) { }

    /** @param left label, @param equal whether the two are to be equal, @param right label or number */
    record Condition(String left, boolean equal, String right) {
        boolean holds(ToLongFunction<String> at) {
            long other = Character.isDigit(right.charAt(0)) ? Quantity.number(right) : at.applyAsLong(right);
            return at.applyAsLong(left) == other == equal;
        }
    }

    /**
     * A claim.
     *
     * @param id         of the behaviour: {@code S14}
     * @param text       with labels in braces
     * @param conditions all of them
     */
    record Claim(String id, String text, List<Condition> conditions) {
        String said(ToLongFunction<String> at) {
            return PLACE.matcher(text).replaceAll(match -> Matcher.quoteReplacement(match.group(2).isEmpty()
                    ? Long.toString(at.applyAsLong(match.group(1))) : Long.toHexString(at.applyAsLong(match.group(1))) + "h"));
        }
    }

    /** @param name of the part, @param pid its factory PID, @param properties of its configuration */
    record AddedPart(String name, String pid, Map<String, Object> properties) { }

    /** Reads one of {@link #NAMES}. */
    static Scenario of(String name) {
        String own = resource(name);
        List<Claim> claims = new ArrayList<>();
        List<Count> counts = new ArrayList<>();
        String profile = "q35";
        Map<String, String> options = new LinkedHashMap<>();
        List<AddedPart> parts = new ArrayList<>();
        StringBuilder included = new StringBuilder();
        for (String line : own.lines().toList()) {
            Matcher claim = CLAIM.matcher(line);
            Matcher condition = CONDITION.matcher(line);
            Matcher machine = MACHINE.matcher(line);
            Matcher part = PART.matcher(line);
            Matcher other = INCLUDED.matcher(line);
            Matcher count = COUNT.matcher(line);
            if (count.matches()) {
                counts.add(new Count(count.group(1), count.group(2)));
            } else if (claim.matches()) {
                claims.add(new Claim(claim.group(1), claim.group(3), new ArrayList<>()));
            } else if (condition.matches()) {
                claims.get(claims.size() - 1).conditions().add(new Condition(condition.group(1), condition.group(2).equals("=="), condition.group(3)));
            } else if (machine.matches()) {
                profile = machine.group(1);
                options.putAll(settings(machine.group(2)));
            } else if (part.matches()) {
                parts.add(new AddedPart(part.group(1), part.group(2), new LinkedHashMap<>(settings(part.group(3)))));
            } else if (other.matches()) {
                included.append(resource(other.group(1)));
            }
        }
        return new Scenario(name, resource(MONITOR) + included + own, claims, counts, profile, options, parts);
    }

    private static Map<String, String> settings(String text) {
        Map<String, String> settings = new LinkedHashMap<>();
        Matcher setting = SETTING.matcher(text);
        while (setting.find()) {
            settings.put(setting.group(1), setting.group(2));
        }
        return settings;
    }

    private static String resource(String name) {
        try (InputStream in = Scenario.class.getResourceAsStream(name + ".asm")) {
            if (in == null) {
                throw new OperatorException("scenario source " + name + ".asm is missing");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new OperatorException("scenario source " + name + ".asm cannot be read: " + e.getMessage(), e);
        }
    }
}
