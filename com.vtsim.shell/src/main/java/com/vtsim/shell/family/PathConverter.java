package com.vtsim.shell.family;

import com.vtsim.api.machine.OperatorException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.apache.felix.service.command.Converter;
import org.osgi.service.component.annotations.Component;

/** Lets command arguments be files. A command resolves them against its session's folder. A word with two dashes is a mistyped option, and no file. */
@Component(property = "osgi.converter.classes=java.nio.file.Path")
public final class PathConverter implements Converter {
    @Override
    public Object convert(Class<?> desired, Object in) {
        if (desired != Path.class || !(in instanceof CharSequence text)) {
            return null;
        }
        String name = text.toString();
        if (name.isEmpty()) {
            throw new OperatorException("a file's name is empty");
        }
        if (name.startsWith("--")) {
            throw new OperatorException("no such option: " + name + "; a file of that name is ./" + name);
        }
        try {
            return Path.of(name);
        } catch (InvalidPathException e) {
            return null;
        }
    }

    @Override
    public CharSequence format(Object target, int level, Converter escape) {
        return target instanceof Path ? target.toString() : null;
    }
}
