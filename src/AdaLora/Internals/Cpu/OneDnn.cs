using System.Runtime.Intrinsics.X86;

namespace AdaLora.Internals.Cpu;

/// <summary>
/// libtorch multiplies single-precision matrices with Intel's MKL, which uses no AVX-512 on processors of AMD. oneDNN, which libtorch has for convolutions, does: on a Zen 5 its products take less than half the time.
/// </summary>
internal static class OneDnn
{
    /// <summary>Name of the switch of <see cref="AppContext"/> that decides instead of the processor.</summary>
    public const string Switch = "AdaLora.OneDnnProducts";

    /// <summary>Whether single-precision products are to be computed by oneDNN.</summary>
    public static bool IsFaster { get; } = AppContext.TryGetSwitch(Switch, out var isWanted) ? isWanted : IsAmd() && Avx512F.IsSupported;

    // "AuthenticAMD", the vendor of leaf 0 of CPUID, in EBX, EDX, ECX.
    private static bool IsAmd() => X86Base.IsSupported && X86Base.CpuId(0, 0) is (_, 0x68747541, 0x444D4163, 0x69746E65);
}
