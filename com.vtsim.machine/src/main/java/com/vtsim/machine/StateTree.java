package com.vtsim.machine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.vtsim.api.machine.State;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Part states as JSON. Byte arrays are {@code {"bytes$": base64}}, arrays of numbers {@code {"longs$": [...]}}: no record has such names. */
final class StateTree {
    private static final String BYTES = "bytes$";
    private static final String LONGS = "longs$";
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private StateTree() { }

    static ObjectNode write(State state) {
        ObjectNode node = JSON.objectNode();
        node.put("model", state.model());
        node.put("version", state.version());
        node.set("fields", node(state.fields()));
        return node;
    }

    /** @throws IllegalArgumentException if it is no state */
    static State read(JsonNode node) {
        if (!node.path("model").isTextual() || !node.path("version").isInt() || !node.path("fields").isObject()) {
            throw new IllegalArgumentException("a part's state lacks model, version or fields");
        }
        return new State(node.get("model").textValue(), node.get("version").intValue(), fields(node.get("fields")));
    }

    private static JsonNode node(Object value) {
        if (value instanceof Boolean flag) {
            return JSON.booleanNode(flag);
        }
        if (value instanceof Long number) {
            return JSON.numberNode(number);
        }
        if (value instanceof String text) {
            return JSON.textNode(text);
        }
        if (value instanceof byte[] bytes) {
            return JSON.objectNode().put(BYTES, Base64.getEncoder().encodeToString(bytes));
        }
        if (value instanceof long[] numbers) {
            ArrayNode array = JSON.arrayNode(numbers.length);
            for (long number : numbers) {
                array.add(number);
            }
            return JSON.objectNode().set(LONGS, array);
        }
        if (value instanceof List<?> list) {
            ArrayNode array = JSON.arrayNode(list.size());
            list.forEach(element -> array.add(node(element)));
            return array;
        }
        if (value instanceof Map<?, ?> map) {
            ObjectNode object = JSON.objectNode();
            map.forEach((key, element) -> object.set((String) key, node(element)));
            return object;
        }
        throw new IllegalStateException("a state cannot hold " + (value == null ? "null" : value.getClass()));
    }

    private static Object value(JsonNode node) {
        if (node.isBoolean()) {
            return node.booleanValue();
        }
        if (node.isIntegralNumber() && node.canConvertToLong()) {
            return node.longValue();
        }
        if (node.isTextual()) {
            return node.textValue();
        }
        if (node.isArray()) {
            List<Object> list = new ArrayList<>(node.size());
            node.forEach(element -> list.add(value(element)));
            return list;
        }
        if (node.isObject() && node.has(BYTES)) {
            return Base64.getDecoder().decode(node.get(BYTES).asText());
        }
        if (node.isObject() && node.has(LONGS)) {
            JsonNode array = node.get(LONGS);
            long[] numbers = new long[array.size()];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = array.get(i).longValue();
            }
            return numbers;
        }
        if (node.isObject()) {
            return fields(node);
        }
        throw new IllegalArgumentException("a part's state holds " + node);
    }

    private static Map<String, Object> fields(JsonNode node) {
        Map<String, Object> fields = new TreeMap<>();
        node.properties().forEach(entry -> fields.put(entry.getKey(), value(entry.getValue())));
        return fields;
    }
}
