namespace AdaLora.Peft;

/// <summary>Tensor names in PEFT's files.</summary>
internal static class PeftName
{
    /// <summary>The prefix of every module name.</summary>
    public const string Prefix = "base_model.model.";

    private const string BaseLayer = ".base_layer";

    /// <summary>A parameter of the model; PEFT puts it below the base layer if its module carries an adapter.</summary>
    /// <param name="fullName">Its name in the original model.</param>
    /// <param name="adapted">The names of the adapted modules.</param>
    public static string OfParameter(string fullName, IReadOnlySet<string> adapted)
    {
        var dot = fullName.LastIndexOf('.');
        return dot >= 0 && adapted.Contains(fullName[..dot]) ? $"{Prefix}{fullName[..dot]}{BaseLayer}{fullName[dot..]}" : Prefix + fullName;
    }

    /// <summary>The original model's name of a parameter stored under the given name, with or without the base layer in it.</summary>
    public static string ToParameter(string stored) => stored[Prefix.Length..].Replace(BaseLayer + ".", ".", StringComparison.Ordinal);

    /// <summary>Whether a stored tensor is not needed, because it is a copy of another one or is only used for training in PEFT (VeLoRA's projection of inputs).</summary>
    public static bool IsPassedOver(string stored) => IsCopy(stored) || stored.EndsWith(".lora_velora_embed", StringComparison.Ordinal);

    /// <summary>
    /// Whether a stored tensor is also stored under another name. With all biases, PEFT saves those of a module trained in full three times: under its name, under the name of its own copy,
    /// and as they were before.
    /// </summary>
    private static bool IsCopy(string stored) => stored.Contains(".original_module.", StringComparison.Ordinal) || stored.Contains(".modules_to_save.", StringComparison.Ordinal);

    /// <summary>The module that a stored name with one of the suffixes belongs to, or null if it has none of them.</summary>
    public static string? ModuleOf(string stored, IEnumerable<string> endings) =>
        endings.FirstOrDefault(ending => stored.StartsWith(Prefix, StringComparison.Ordinal) && stored.EndsWith(ending, StringComparison.Ordinal)) is { } found
        && stored.Length > Prefix.Length + found.Length
            ? stored[Prefix.Length..^found.Length]
            : null;
}
