using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace AdaLora.Peft;

/// <summary>Creates the configuration of an adapter that is exported as plain LoRA.</summary>
internal static partial class LoraConfigWriter
{
    // Fields describing the purpose of a loaded adapter still hold for its export.
    private static readonly string[] Inherited = ["base_model_name_or_path", "task_type", "modules_to_save", SavedRows.Field, "bias"];

    /// <param name="adapter">The adapter.</param>
    /// <param name="origin">What it was loaded with, if anything.</param>
    /// <param name="ranks">The ranks of the exported modules, at least 1, in model order.</param>
    public static byte[] Write(AdapterDescription adapter, SavedConfig? origin, IReadOnlyList<KeyValuePair<string, int>> ranks)
    {
        var largest = ranks.Max(r => r.Value);
        var inherited = Inherited.Where(n => n != SavedRows.Field || origin?.Json.ContainsKey(n) == true);
        var config = new ConfigText(origin is null ? null : new JsonObject(inherited.Select(n => KeyValuePair.Create(n, origin.Json[n]?.DeepClone()))));
        config.Set("peft_type", "LORA");
        config.Set("inference_mode", true);
        config.Set("r", largest);
        config.Set("lora_alpha", largest);
        config.Set("lora_dropout", adapter.Dropout);
        config.Set("fan_in_fan_out", adapter.HasTransposedWeights);
        config.Set("use_rslora", false);
        // Equal in both, so that the scale of every module is 1.
        config.Set("rank_pattern", Pattern(ranks));
        config.Set("alpha_pattern", Pattern(ranks));
        config.Set("target_modules", SavedTargets.Write([.. ranks.Select(r => r.Key)], adapter.ModelModules));
        config.SetShared(adapter, origin);
        return config.ToBytes();
    }

    // Keys are expressions for the end of a name. One that could match another module as well is anchored at the start.
    private static JsonObject Pattern(IReadOnlyList<KeyValuePair<string, int>> ranks)
    {
        var names = ranks.Select(r => r.Key).ToHashSet(StringComparer.Ordinal);
        var isEnd = names.ToDictionary(n => n, n => names.Any(other => other.EndsWith("." + n, StringComparison.Ordinal)), StringComparer.Ordinal);
        return new JsonObject(ranks.Select(r => KeyValuePair.Create(isEnd[r.Key] || !PlainName().IsMatch(r.Key) ? "^" + Regex.Escape(r.Key) : r.Key, (JsonNode?)JsonValue.Create(r.Value))));
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_.-]*\z")]
    private static partial Regex PlainName();
}
