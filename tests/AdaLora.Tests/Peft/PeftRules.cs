using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace AdaLora.Tests.Peft;

/// <summary>
/// The names under which PEFT 0.21 looks for the tensors of a folder: those of the state of a model to which it has added the adapters that the configuration describes. It silently ignores
/// every other name (load_state_dict with strict=False), and leaves unchanged what it does not find.
/// </summary>
internal static class PeftRules
{
    private const string Prefix = "base_model.model.";

    /// <summary>All names that are read, and whether one that is absent is lost, as those of adapters are.</summary>
    /// <param name="config">adapter_config.json.</param>
    /// <param name="model">The base model.</param>
    public static IReadOnlyDictionary<string, bool> Names(JsonObject config, nn.Module model)
    {
        var saved = Texts(config["modules_to_save"]);
        var names = new Dictionary<string, bool>(StringComparer.Ordinal);
        var ranks = config["rank_pattern"] as JsonObject;
        var isAdaLora = config["peft_type"]!.GetValue<string>() == "ADALORA";
        foreach (var (path, module) in model.named_modules())
        {
            var isSaved = saved.Any(s => EndsWith(path, s));
            var isAdapted = !isSaved && module is TorchSharp.Modules.Linear && IsTarget(config["target_modules"]!, path);
            foreach (var name in module.named_parameters(recurse: false).Select(p => p.name).Concat(module.named_buffers(recurse: false).Select(b => b.name)))
                names[$"{Prefix}{path}{(isAdapted ? ".base_layer" : "")}.{name}"] = isSaved;
            if (!isAdapted)
                continue;
            foreach (var ending in isAdaLora ? (string[])["lora_A", "lora_E", "lora_B"] : ["lora_A.weight", "lora_B.weight"])
                names[$"{Prefix}{path}.{ending}"] = true;
        }

        return names;
    }

    private static bool IsTarget(JsonNode targets, string path) =>
        targets is JsonValue expression ? Regex.IsMatch(path, $@"\A(?:{expression.GetValue<string>()})\z") : Texts(targets).Any(t => EndsWith(path, t));

    private static bool EndsWith(string path, string end) => path == end || path.EndsWith("." + end, StringComparison.Ordinal);

    private static IReadOnlyList<string> Texts(JsonNode? node) => node is JsonArray list ? [.. list.Select(n => n!.GetValue<string>())] : [];
}
