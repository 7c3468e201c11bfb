using System.Runtime.InteropServices;

namespace AdaLora.Devices;

/// <summary>
/// Symbols that TorchSharp's native library imports from libtorch and that later versions of libtorch lack. They are bound on first call, so a program would start and then die in the middle of
/// a backward pass: better to check up front. Names are those on Linux; on other systems nothing is checked.
/// </summary>
internal static class LibTorchSymbols
{
    private static readonly string[] Dropped =
    [
        "_ZN5torch8autograd10deleteNodeEPNS0_4NodeE",
        "_ZNK5torch8autograd13SavedVariable6unpackESt10shared_ptrINS0_4NodeEE",
        "_ZN3c104impl3cow23materialize_cow_storageERNS_11StorageImplE",
        "_ZN2at4impl9has_namesEPKN3c1010TensorImplE",
        "_ZN2at7Dimname8wildcardEv",
    ];

    /// <summary>The symbols that none of the libraries has.</summary>
    /// <param name="libraries">Handles of loaded libraries.</param>
    public static IReadOnlyList<string> MissingIn(IReadOnlyList<nint> libraries) =>
        !OperatingSystem.IsLinux() ? [] : [.. Dropped.Where(name => !libraries.Any(library => NativeLibrary.TryGetExport(library, name, out _)))];
}
