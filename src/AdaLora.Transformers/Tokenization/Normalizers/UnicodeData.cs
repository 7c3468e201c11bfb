using System.Text;

namespace AdaLora.Transformers.Tokenization.Normalizers;

/// <summary>Whether the runtime knows Unicode's normal forms.</summary>
internal static class UnicodeData
{
    /// <summary>Throws if the runtime can't decompose characters, instead of silently producing different tokens; otherwise returns what it is given.</summary>
    /// <exception cref="PlatformNotSupportedException">The runtime is in globalization-invariant mode, or lacks ICU.</exception>
    public static T Require<T>(T value) => "é".Normalize(NormalizationForm.FormD).Length == 2
        ? value
        : throw new PlatformNotSupportedException("Normalising texts needs Unicode's data: install ICU (libicu) and turn the globalization-invariant mode off.");
}
