package com.vtsim.api.machine;

import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A part's saved state: a tree of plain values by field name, free of any class of the part's bundle, so that it outlives
 * the bundle, crosses to a new version of it, and is a snapshot's content.
 * <p>
 * A part keeps its state in a record of its own and turns it into a tree with {@link #of} and back with {@link #as}.
 * Record components may be boolean, int, long, String, an enum, byte[], int[], long[], boolean[], another such record,
 * or a List of any boxed one of these.
 *
 * @param model   whose state it is: {@link Part#model} or a family's name
 * @param version of the record's layout, from 1
 * @param fields  name → Boolean, Long, String, byte[], long[], List or Map of these
 */
public record State(String model, int version, Map<String, Object> fields) {

    /** Takes a record apart. */
    public static State of(String model, int version, Record state) {
        return new State(model, version, tree(state));
    }

    /**
     * Builds the record again.
     *
     * @param type    the part's state record
     * @param model   the model expected
     * @param version the newest version understood
     * @throws StateException if model or version do not fit, or a component is missing or of another shape
     */
    public <R extends Record> R as(Class<R> type, String model, int version) {
        if (!this.model.equals(model)) {
            throw new StateException("state is of " + this.model + ", expected " + model);
        }
        if (this.version > version) {
            throw new StateException("state of " + model + " has version " + this.version + ", newest understood is " + version);
        }
        return record(type, fields, model);
    }

    private static Map<String, Object> tree(Record state) {
        Map<String, Object> fields = new TreeMap<>();
        for (RecordComponent component : state.getClass().getRecordComponents()) {
            try {
                component.getAccessor().setAccessible(true);
                fields.put(component.getName(), plain(component.getAccessor().invoke(state)));
            } catch (IllegalAccessException | InvocationTargetException e) {
                throw new IllegalStateException("cannot read " + component, e);
            }
        }
        return fields;
    }

    private static Object plain(Object value) {
        if (value instanceof Integer i) {
            return (long) i;
        }
        if (value instanceof Enum<?> e) {
            return e.name();
        }
        if (value instanceof Record r) {
            return tree(r);
        }
        if (value instanceof List<?> list) {
            List<Object> plain = new ArrayList<>(list.size());
            list.forEach(element -> plain.add(plain(element)));
            return plain;
        }
        if (value instanceof byte[] bytes) {
            return bytes.clone();
        }
        if (value instanceof int[] || value instanceof long[] || value instanceof boolean[]) {
            long[] longs = new long[Array.getLength(value)];
            for (int i = 0; i < longs.length; i++) {
                longs[i] = value instanceof boolean[] flags ? flags[i] ? 1 : 0 : Array.getLong(value, i);
            }
            return longs;
        }
        if (value instanceof Long || value instanceof Boolean || value instanceof String) {
            return value;
        }
        throw new IllegalStateException("a state cannot hold " + (value == null ? "null" : value.getClass()));
    }

    private static <R extends Record> R record(Class<R> type, Map<?, ?> fields, String path) {
        RecordComponent[] components = type.getRecordComponents();
        Class<?>[] types = new Class<?>[components.length];
        Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            String name = components[i].getName();
            types[i] = components[i].getType();
            Object value = fields.get(name);
            if (value == null) {
                throw new StateException("state field " + path + "." + name + " is missing");
            }
            values[i] = typed(components[i].getGenericType(), value, path + "." + name);
        }
        try {
            var constructor = type.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            throw new StateException("state of " + path + " is not possible: " + e.getCause().getMessage());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot build " + type, e);
        }
    }

    private static Object typed(java.lang.reflect.Type generic, Object value, String path) {
        Class<?> type = (Class<?>) (generic instanceof java.lang.reflect.ParameterizedType p ? p.getRawType() : generic);
        try {
            if (type == int.class || type == Integer.class) {
                return Math.toIntExact((Long) value);
            }
            if (type == long.class || type == Long.class) {
                return (Long) value;
            }
            if (type == boolean.class || type == Boolean.class) {
                return (Boolean) value;
            }
            if (type == String.class) {
                return (String) value;
            }
            if (type == byte[].class) {
                return ((byte[]) value).clone();
            }
            if (type == int[].class || type == long[].class || type == boolean[].class) {
                return array(type, (long[]) value);
            }
            if (type.isEnum()) {
                return constant(type, (String) value, path);
            }
            if (type.isRecord()) {
                return record(type.asSubclass(Record.class), (Map<?, ?>) value, path);
            }
            if (type == List.class && generic instanceof java.lang.reflect.ParameterizedType p) {
                List<Object> list = new ArrayList<>();
                for (Object element : (List<?>) value) {
                    list.add(typed(p.getActualTypeArguments()[0], element, path + "[" + list.size() + "]"));
                }
                return list;
            }
        } catch (ClassCastException | ArithmeticException e) {
            throw new StateException("state field " + path + " is a " + value.getClass().getSimpleName() + " that does not fit " + type.getSimpleName());
        }
        throw new IllegalStateException("a state cannot hold " + type);
    }

    private static Object array(Class<?> type, long[] longs) {
        if (type == long[].class) {
            return longs.clone();
        }
        Object array = Array.newInstance(type.getComponentType(), longs.length);
        for (int i = 0; i < longs.length; i++) {
            if (type == int[].class) {
                Array.setInt(array, i, Math.toIntExact(longs[i]));
            } else {
                Array.setBoolean(array, i, longs[i] != 0);
            }
        }
        return array;
    }

    private static Object constant(Class<?> type, String name, String path) {
        for (Object constant : type.getEnumConstants()) {
            if (((Enum<?>) constant).name().equals(name)) {
                return constant;
            }
        }
        throw new StateException("state field " + path + " has no value " + name);
    }
}
