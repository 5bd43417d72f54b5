package com.vtsim.shell.session;

import java.nio.file.Path;

/** Where the shell keeps what outlives it: {@code VTSIM_HOME}, or {@code .vtsim} in the user's own folder. */
public final class Home {

    private Home() {
    }

    /** The folder; it need not exist. */
    public static Path folder() {
        String given = System.getenv("VTSIM_HOME");
        return given != null && !given.isBlank() ? Path.of(given) : Path.of(System.getProperty("user.home"), ".vtsim");
    }
}
