package org.scimdb;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.System.Logger.Level;
import java.util.Objects;
import java.util.function.BiConsumer;

/** What belongs to the library, and to no store: its version and its log. */
public final class Scimdb {
    private Scimdb() {}

    /** The version of the library: {@code 0.1.0}. */
    public static String version() {
        var function = Native.link("scimdb_version", FunctionDescriptor.of(ValueLayout.ADDRESS));
        try {
            return ((MemorySegment) function.invokeExact()).reinterpret(Long.MAX_VALUE).getString(0);
        } catch (Throwable failure) {
            throw Native.unexpected(failure);
        }
    }

    /**
     * Gives what the library logs to a listener, in place of the one before. It is called on any thread, also on those of the
     * library, and must not use a store.
     *
     * @param level how much: {@code ERROR}, {@code WARNING}, {@code INFO}, {@code DEBUG}, or {@code TRACE} and {@code ALL};
     *     {@code OFF} ends it
     * @param listener is given a level and a line
     */
    public static void setLog(Level level, BiConsumer<Level, String> listener) {
        Objects.requireNonNull(listener, "listener");
        int most = number(level);
        if (most == 0) {
            unsetLog();
            return;
        }
        try (Call call = Call.begin()) {
            call.check(Native.setLog(Upcalls.LOG, most, Upcalls.register(listener), Upcalls.DROP, call.error));
        }
    }

    /** Gives what the library logs to a logger, at the levels that it is enabled for now. */
    public static void setLog(System.Logger logger) {
        Level most = Level.OFF;
        for (Level level : new Level[] {Level.ERROR, Level.WARNING, Level.INFO, Level.DEBUG, Level.TRACE}) {
            most = logger.isLoggable(level) ? level : most;
        }
        setLog(most, logger::log);
    }

    /** Ends the log: nobody is told. That is how it begins. */
    public static void unsetLog() {
        try (Call call = Call.begin()) {
            call.check(Native.setLog(MemorySegment.NULL, 0, MemorySegment.NULL, MemorySegment.NULL, call.error));
        }
    }

    private static int number(Level level) {
        return switch (level) {
            case OFF -> 0;
            case ERROR -> 1;
            case WARNING -> 2;
            case INFO -> 3;
            case DEBUG -> 4;
            case TRACE, ALL -> 5;
        };
    }

    static Level level(int number) {
        return switch (number) {
            case 1 -> Level.ERROR;
            case 2 -> Level.WARNING;
            case 3 -> Level.INFO;
            case 4 -> Level.DEBUG;
            default -> Level.TRACE;
        };
    }
}
