using System.Runtime.Intrinsics.X86;

namespace AdaLora.Internals.Cpu;

/// <summary>
/// libtorch multiplies single-precision matrices with Intel's MKL, which does not use AVX-512 on AMD processors. oneDNN, which libtorch has for convolutions, does: on a Zen 5 its products
/// take less than half the time.
/// </summary>
internal static class OneDnn
{
    /// <summary>Name of the <see cref="AppContext"/> switch that overrides the processor check.</summary>
    public const string Switch = "AdaLora.OneDnnProducts";

    /// <summary>Whether single-precision products should be computed by oneDNN.</summary>
    public static bool IsFaster { get; } = AppContext.TryGetSwitch(Switch, out var isWanted) ? isWanted : IsAmd() && Avx512F.IsSupported;

    // "AuthenticAMD", the vendor of leaf 0 of CPUID, in EBX, EDX, ECX.
    private static bool IsAmd() => X86Base.IsSupported && X86Base.CpuId(0, 0) is (_, 0x68747541, 0x444D4163, 0x69746E65);
}
