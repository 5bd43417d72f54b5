package com.vtsim.machine.profile;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Part;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.HashSet;
import java.util.Hashtable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A machine description: an OSGi Configurator document, in which <code>${name}</code> stands for an option.
 * <p>
 * Beyond the Configurator's own: {@code :vtsim:description} is a line of text, {@code :vtsim:options} names the options with
 * their defaults, {@code :vtsim:when} in a configuration says with {@code true} or {@code false} whether it is wanted,
 * {@code :vtsim:given} that it is wanted unless the text is empty, and a configuration in whose key <code>${cpu}</code> stands is repeated for each processor. <code>${machine}</code> is the machine's name.
 */
final class Profile {
    /** Factory PID of the backplane. */
    static final String MACHINE_PID = "com.vtsim.machine";
    /** How many processors: the option that says how often a configuration is repeated. */
    static final String CPUS = "cpus";

    private static final String DESCRIPTION = ":vtsim:description";
    private static final String OPTIONS = ":vtsim:options";
    private static final String WHEN = ":vtsim:when";
    private static final String GIVEN = ":vtsim:given";
    private static final String RESERVED = ":";
    private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{([^}]*)}");
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_JAVA_COMMENTS, JsonReadFeature.ALLOW_TRAILING_COMMA).build();

    private final String source;
    private final String description;
    private final Map<String, String> defaults = new LinkedHashMap<>();
    private final Map<String, JsonNode> configurations = new LinkedHashMap<>();

    /**
     * A configuration to create.
     *
     * @param pid        factory PID
     * @param name       unique among the configurations of that PID
     * @param part       the part's name
     * @param properties as Configuration Admin takes them
     */
    record PartConfiguration(String pid, String name, String part, Map<String, Object> properties) {
        /** @return the properties as Configuration Admin wants them */
        Dictionary<String, Object> dictionary() {
            return new Hashtable<>(properties);
        }
    }

    private Profile(String source, JsonNode document) {
        this.source = source;
        description = document.path(DESCRIPTION).asText("");
        document.path(OPTIONS).properties().forEach(option -> defaults.put(option.getKey(), option.getValue().asText()));
        document.properties().forEach(entry -> {
            if (!entry.getKey().startsWith(RESERVED)) {
                configurations.put(entry.getKey(), entry.getValue());
            }
        });
    }

    /**
     * Reads a description.
     *
     * @param source for messages: the file's name
     * @throws OperatorException if it is no Configurator document
     */
    static Profile of(String source, String text) {
        JsonNode document;
        try {
            document = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new OperatorException(source + ":" + e.getLocation().getLineNr() + ":" + e.getLocation().getColumnNr() + ": " + e.getOriginalMessage().lines().findFirst().orElse("no JSON"), e);
        }
        if (!document.isObject()) {
            throw new OperatorException(source + " is no machine description: it must be a JSON object, \"factoryPid~name\": {properties}");
        }
        Profile profile = new Profile(source, document);
        profile.configurations.forEach((key, properties) -> {
            if (!key.matches("[^~]+~[^~]+") || !properties.isObject()) {
                throw new OperatorException(source + ": '" + key + "' is no part; a part is \"factoryPid~name\": {properties}");
            }
        });
        if (profile.configurations.keySet().stream().noneMatch(key -> key.startsWith(MACHINE_PID + "~"))) {
            throw new OperatorException(source + " describes no machine: it has no configuration of " + MACHINE_PID);
        }
        return profile;
    }

    String description() {
        return description;
    }

    /** @return options with their defaults, in the document's order */
    Map<String, String> defaults() {
        return defaults;
    }

    /**
     * Puts the options in.
     *
     * @param given what the operator chose, canonical; what is missing has its default
     * @return a configuration per part, the machine's own first
     */
    List<PartConfiguration> configurations(String machine, Map<String, String> given) {
        Map<String, String> values = new LinkedHashMap<>(defaults);
        values.putAll(given);
        values.put("machine", machine);
        int processors = Integer.parseInt(values.getOrDefault(CPUS, "1"));
        List<PartConfiguration> parts = new ArrayList<>();
        configurations.forEach((key, node) -> {
            boolean repeated = key.contains("${cpu}");
            for (int i = 0; i < (repeated ? processors : 1); i++) {
                if (repeated) {
                    values.put("cpu", Integer.toString(i));
                }
                if (wanted(key, node, values)) {
                    PartConfiguration part = part(key, node, values);
                    parts.add(part.pid().equals(MACHINE_PID) ? 0 : parts.size(), part);
                }
            }
            values.remove("cpu");
        });
        check(machine, parts);
        return parts;
    }

    private boolean wanted(String key, JsonNode node, Map<String, String> values) {
        String text = filled(key, node.path(WHEN).asText("true"), values);
        if (!text.equals("true") && !text.equals("false")) {
            throw new OperatorException(source + ": '" + key + "' is wanted when '" + text + "'; it must be true or false");
        }
        return text.equals("true") && !filled(key, node.path(GIVEN).asText("given"), values).isEmpty();
    }

    private PartConfiguration part(String key, JsonNode node, Map<String, String> values) {
        String[] identity = filled(key, key, values).split("~");
        Map<String, Object> properties = new LinkedHashMap<>();
        node.properties().forEach(property -> {
            if (!property.getKey().startsWith(RESERVED)) {
                String[] typed = property.getKey().split(":", 2);
                properties.put(typed[0], value(key + "." + typed[0], typed.length > 1 ? typed[1] : "", property.getValue(), values));
            }
        });
        return new PartConfiguration(identity[0], identity[1], String.valueOf(properties.get(Part.NAME)), properties);
    }

    /** The data types of the Configurator's JSON that a part's properties need. */
    private Object value(String place, String type, JsonNode node, Map<String, String> values) {
        if (node.isArray()) {
            List<String> elements = new ArrayList<>();
            node.forEach(element -> elements.add(filled(place, element.asText(), values)));
            return elements.toArray(String[]::new);
        }
        String text = filled(place, node.asText(), values);
        try {
            return switch (type) {
                case "" -> node.isIntegralNumber() ? (Object) node.longValue() : node.isBoolean() ? (Object) node.booleanValue() : text;
                case "String" -> text;
                case "Integer" -> Integer.valueOf(text);
                case "Long" -> Long.valueOf(text);
                case "Boolean" -> Boolean.valueOf(text);
                default -> throw new OperatorException(source + ": " + place + " has the type '" + type + "'; known are String, Integer, Long, Boolean");
            };
        } catch (NumberFormatException e) {
            throw new OperatorException(source + ": " + place + " is '" + text + "'; it must be a number", e);
        }
    }

    private String filled(String place, String text, Map<String, String> values) {
        return PLACEHOLDER.matcher(text).replaceAll(match -> {
            String value = values.get(match.group(1));
            if (value == null) {
                throw new OperatorException(source + ": " + place + " uses ${" + match.group(1) + "}, which is no option");
            }
            return Matcher.quoteReplacement(value);
        });
    }

    private void check(String machine, List<PartConfiguration> parts) {
        Set<String> names = new HashSet<>();
        for (PartConfiguration part : parts) {
            if (!machine.equals(part.properties().get(Part.MACHINE))) {
                throw new OperatorException(source + ": '" + part.pid() + "~" + part.name() + "' belongs to machine '" + part.properties().get(Part.MACHINE)
                        + "', not '" + machine + "'; write \"" + Part.MACHINE + "\": \"${machine}\"");
            }
            if (!part.properties().containsKey(Part.NAME) || !names.add(part.part())) {
                throw new OperatorException(source + ": '" + part.pid() + "~" + part.name() + "' needs a " + Part.NAME + " of its own");
            }
        }
    }

    @Override
    public String toString() {
        return source;
    }
}
