namespace AdaLora.Peft;

/// <summary>Names of tensors in PEFT's files.</summary>
internal static class PeftName
{
    /// <summary>What stands before every module name.</summary>
    public const string Prefix = "base_model.model.";

    private const string BaseLayer = ".base_layer";

    /// <summary>A parameter of the model, which PEFT finds below the base layer when its module carries an adapter.</summary>
    /// <param name="fullName">Its name in the original model.</param>
    /// <param name="adapted">The names of the adapted modules.</param>
    public static string OfParameter(string fullName, IReadOnlySet<string> adapted)
    {
        var dot = fullName.LastIndexOf('.');
        return dot >= 0 && adapted.Contains(fullName[..dot]) ? $"{Prefix}{fullName[..dot]}{BaseLayer}{fullName[dot..]}" : Prefix + fullName;
    }

    /// <summary>The name in the original model of a parameter that is stored under a name, with or without the base layer in it.</summary>
    public static string ToParameter(string stored) => stored[Prefix.Length..].Replace(BaseLayer + ".", ".", StringComparison.Ordinal);

    /// <summary>Whether a stored tensor is not needed: it is a copy of another one, or serves training in PEFT only (VeLoRA's projection of inputs).</summary>
    public static bool IsPassedOver(string stored) => IsCopy(stored) || stored.EndsWith(".lora_velora_embed", StringComparison.Ordinal);

    /// <summary>
    /// Whether a stored tensor is there under another name as well. With all biases, PEFT saves those of a module that was trained in full three times: by its name, as it calls its own copy, and as they
    /// were before.
    /// </summary>
    private static bool IsCopy(string stored) => stored.Contains(".original_module.", StringComparison.Ordinal) || stored.Contains(".modules_to_save.", StringComparison.Ordinal);

    /// <summary>The module that a stored name with one of the endings belongs to, or null when it has none of them.</summary>
    public static string? ModuleOf(string stored, IEnumerable<string> endings) =>
        endings.FirstOrDefault(ending => stored.StartsWith(Prefix, StringComparison.Ordinal) && stored.EndsWith(ending, StringComparison.Ordinal)) is { } found
        && stored.Length > Prefix.Length + found.Length
            ? stored[Prefix.Length..^found.Length]
            : null;
}
