package com.vtsim.shell.draw;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.lang.reflect.Array;
import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What commands return as JSON, a line a result, for programs. Records are objects by component name, collections arrays. Addresses and
 * registers ({@link Hex}) are strings such as {@code "0xff000000"}, since many readers hold numbers above 2^53 inexactly; bytes are
 * hexadecimal strings, durations nanoseconds, what is not there is null. What only draws itself is its text.
 */
public final class Json {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private Json() {
    }

    /** @return one line, without a line end */
    public static String of(Object value) {
        try {
            return MAPPER.writeValueAsString(node(value, false));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot write " + value, e);
        }
    }

    private static JsonNode node(Object value, boolean hexadecimal) {
        if (value == null || value instanceof Optional<?> optional && optional.isEmpty()) {
            return NODES.nullNode();
        }
        if (value instanceof Optional<?> optional) {
            return node(optional.get(), hexadecimal);
        }
        if (value instanceof Number number) {
            return number(number, hexadecimal);
        }
        if (value instanceof Boolean flag) {
            return NODES.booleanNode(flag);
        }
        if (value instanceof Duration span) {
            return NODES.numberNode(span.toNanos());
        }
        if (value instanceof byte[] bytes) {
            return NODES.textNode(HexFormat.of().formatHex(bytes));
        }
        if (value instanceof Tree tree) {
            return tree.json(NODES);
        }
        if (value instanceof Record fields) {
            return fields(fields);
        }
        if (value instanceof Map<?, ?> map) {
            ObjectNode object = NODES.objectNode();
            map.forEach((key, element) -> object.set(String.valueOf(key), node(element, hexadecimal)));
            return object;
        }
        if (value instanceof Collection<?> collection) {
            ArrayNode array = NODES.arrayNode();
            collection.forEach(element -> array.add(node(element, hexadecimal)));
            return array;
        }
        if (value.getClass().isArray()) {
            ArrayNode array = NODES.arrayNode();
            for (int i = 0; i < Array.getLength(value); i++) {
                array.add(node(Array.get(value, i), hexadecimal));
            }
            return array;
        }
        return new TextNode(value instanceof Drawable drawable ? drawable.full(Paint.PLAIN) : value.toString());
    }

    private static JsonNode number(Number number, boolean hexadecimal) {
        if (number instanceof Double || number instanceof Float) {
            return NODES.numberNode(number.doubleValue());
        }
        if (hexadecimal) {
            return NODES.textNode("0x" + (number instanceof Integer ? Integer.toHexString(number.intValue()) : Long.toHexString(number.longValue())));
        }
        return NODES.numberNode(number.longValue());
    }

    /** What is drawn so, and what the records of the contracts, which know nothing of drawing, name so. */
    private static boolean isHexadecimal(RecordComponent component) {
        return component.isAnnotationPresent(Hex.class) || component.getType() == long.class && List.of("address", "value").contains(component.getName());
    }

    private static ObjectNode fields(Record fields) {
        ObjectNode object = NODES.objectNode();
        for (RecordComponent component : fields.getClass().getRecordComponents()) {
            try {
                component.getAccessor().setAccessible(true);
                object.set(component.getName(), node(component.getAccessor().invoke(fields), isHexadecimal(component)));
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("cannot read " + component, e);
            }
        }
        return object;
    }
}
