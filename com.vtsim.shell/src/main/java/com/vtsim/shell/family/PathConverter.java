package com.vtsim.shell.family;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.apache.felix.service.command.Converter;
import org.osgi.service.component.annotations.Component;

/** Lets command arguments be files. A command resolves them against its session's folder. */
@Component(property = "osgi.converter.classes=java.nio.file.Path")
public final class PathConverter implements Converter {
    @Override
    public Object convert(Class<?> desired, Object in) {
        try {
            return desired == Path.class && in instanceof CharSequence text ? Path.of(text.toString()) : null;
        } catch (InvalidPathException e) {
            return null;
        }
    }

    @Override
    public CharSequence format(Object target, int level, Converter escape) {
        return target instanceof Path ? target.toString() : null;
    }
}
