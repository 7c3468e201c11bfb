using System.Runtime.Intrinsics.X86;
using static TorchSharp.torch;

namespace AdaLora.Internals.Cpu;

/// <summary>Whether products of bfloat16 matrices are faster than those of float32 ones.</summary>
internal static class BFloat16Support
{
    // Intel's manual, CPUID: leaf 7, subleaf 1, EAX bit 5 is AVX512_BF16; leaf 7, subleaf 0, EDX bit 22 is AMX-BF16.
    private const int Avx512 = 1 << 5, Amx = 1 << 22;

    /// <summary>Whether this processor has instructions for it.</summary>
    public static bool IsOnProcessor { get; } = Detect();

    public static bool IsFastOn(Device device) => device.type != TorchSharp.DeviceType.CPU || IsOnProcessor;

    private static bool Detect()
    {
        if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < 7)
            return false;
        var (leaf, subleaf) = (X86Base.CpuId(7, 0), X86Base.CpuId(7, 1));
        // If the operating system does not save the wide registers, .NET reports that there is no AVX-512.
        return Avx512F.IsSupported && ((leaf.Eax >= 1 && (subleaf.Eax & Avx512) != 0) || (leaf.Edx & Amx) != 0);
    }
}
