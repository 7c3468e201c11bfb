namespace AdaLora.Transformers.Configuration;

/// <summary>How the frequencies of a rotary embedding are stretched for texts longer than those of pre-training.</summary>
public enum RotaryType
{
    /// <summary>Not at all (Su et al., 2021).</summary>
    Default,

    /// <summary>All are divided by <see cref="RotaryParameters.Factor"/> (position interpolation).</summary>
    Linear,

    /// <summary>The base grows with texts that are longer than the model's positions ("NTK-aware").</summary>
    Dynamic,

    /// <summary>Low frequencies are divided, high ones kept, those between blended; the rotation also has a factor (Peng et al., 2023).</summary>
    Yarn,

    /// <summary>Each frequency has its own divisor, one for short and one for long texts (Ding et al., 2024).</summary>
    LongRope,

    /// <summary>As in Llama 3.1: by wavelength, blended between two limits.</summary>
    Llama3,
}
