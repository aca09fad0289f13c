package org.scimdb;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;

/**
 * Finds the C library and loads it once: the one that is named, else the one in the jar, else the one that the system finds.
 */
final class Library {
    private Library() {}

    static SymbolLookup load() {
        SymbolLookup library = find();
        int version = abiVersion(library);
        if (version != Native.ABI_VERSION) {
            throw new UnsatisfiedLinkError("the scimdb library speaks version " + version
                    + " of the C interface, this package version " + Native.ABI_VERSION);
        }
        return library;
    }

    private static SymbolLookup find() {
        String named = System.getProperty("scimdb.library");
        if (named == null || named.isEmpty()) {
            named = System.getenv("SCIMDB_LIBRARY");
        }
        if (named != null && !named.isEmpty()) {
            return lookup(Path.of(named).toAbsolutePath());
        }
        String resource = "/natives/" + platform() + "/" + System.mapLibraryName("scimdb");
        try (InputStream packed = Library.class.getResourceAsStream(resource)) {
            if (packed != null) {
                return unpacked(packed);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException("the scimdb library cannot be unpacked", failure);
        }
        try {
            return SymbolLookup.libraryLookup(System.mapLibraryName("scimdb"), Arena.global());
        } catch (IllegalArgumentException missing) {
            throw broken("there is no scimdb library for " + platform()
                    + " in the jar, nor where the system looks for libraries: name one with -Dscimdb.library=PATH"
                    + " or in SCIMDB_LIBRARY", missing);
        }
    }

    /** A library can be loaded from a file alone. The file goes as soon as it is loaded, where the system allows that. */
    private static SymbolLookup unpacked(InputStream packed) throws IOException {
        Path file = Files.createTempFile("scimdb-", "-" + System.mapLibraryName("scimdb"));
        try {
            Files.copy(packed, file, StandardCopyOption.REPLACE_EXISTING);
            return lookup(file);
        } finally {
            try {
                Files.delete(file);
            } catch (IOException inUse) {
                file.toFile().deleteOnExit();
            }
        }
    }

    private static SymbolLookup lookup(Path file) {
        try {
            return SymbolLookup.libraryLookup(file, Arena.global());
        } catch (IllegalArgumentException wrong) {
            throw broken("the scimdb library " + file + " cannot be loaded", wrong);
        }
    }

    private static UnsatisfiedLinkError broken(String message, Throwable cause) {
        UnsatisfiedLinkError error = new UnsatisfiedLinkError(message);
        error.initCause(cause);
        return error;
    }

    /** The folder of a platform's library in the jar: linux-x86_64, macos-aarch64. */
    private static String platform() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String name = system.startsWith("mac") ? "macos" : system.startsWith("windows") ? "windows" : system;
        String machine = System.getProperty("os.arch");
        return name + "-" + (machine.equals("amd64") ? "x86_64" : machine);
    }

    /** Asked before anything else: a function that takes something else than we give would crash. */
    private static int abiVersion(SymbolLookup library) {
        var address = library.find("scimdb_abi_version")
                .orElseThrow(() -> new UnsatisfiedLinkError("the library that was found is not scimdb's"));
        var function = Linker.nativeLinker().downcallHandle(address, FunctionDescriptor.of(ValueLayout.JAVA_INT));
        try {
            return (int) function.invokeExact();
        } catch (Throwable failure) {
            throw Native.unexpected(failure);
        }
    }
}
