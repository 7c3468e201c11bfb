using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AdaLora.Adapters;
using static TorchSharp.torch;

namespace AdaLora.Serialization;

/// <summary>A saved adapter: how to attach it to a model, and its tensors. Tensors belong to the caller's scope.</summary>
internal sealed class SavedAdapter(string folder, JsonObject config, IReadOnlyDictionary<string, Tensor> tensors)
{
    private const string LambdaEnding = ".lora_E";

    private IReadOnlyList<string> Names => [.. tensors.Keys.Where(k => k.EndsWith(LambdaEnding, StringComparison.Ordinal)).Select(k => k[..^LambdaEnding.Length])];

    /// <summary>
    /// Options under which the model gets exactly the saved ranks and the saved scale, which is that of the initial rank whatever was kept. The budget of further training is what was saved, unless
    /// the ranks were not settled yet.
    /// </summary>
    public AdaLoraOptions OptionsFor(nn.Module model)
    {
        if (Names.Count == 0)
            throw new InvalidDataException($"'{folder}' holds no adapted matrices.");
        var initialRank = Number("init_r", 12);
        var alpha = Number("lora_alpha", 8.0);
        var scale = SvdLinear.ScaleFor(alpha, initialRank);
        var ranks = Names.ToDictionary(n => n, n => (int)tensors[n + LambdaEnding].shape[0], StringComparer.Ordinal);
        var settled = config["rank_pattern"] is JsonObject;
        return new AdaLoraOptions
        {
            InitialRank = initialRank,
            TargetRank = Number("target_r", 8),
            TargetBudget = settled ? ranks.Values.Sum() : null,
            Alpha = alpha,
            Dropout = Number("lora_dropout", 0.0),
            Targets = Exactly(Names),
            Overrides = ranks.Where(r => r.Value != initialRank).Aggregate(ModuleOverrides.None, (rules, r) => rules.With(Exactly([r.Key]), r.Value, scale * (r.Value + 1e-5))),
            TrainedModules = TrainedModules(model),
            Biases = config["bias"]?.GetValue<string>() switch { "all" => BiasTraining.All, "lora_only" => BiasTraining.Adapted, _ => BiasTraining.None },
            MaskInterval = Number("deltaT", 1),
            Beta1 = Number("beta1", 0.85),
            Beta2 = Number("beta2", 0.85),
            OrthogonalityWeight = Number("orth_reg_weight", 0.5),
        };
    }

    /// <summary>Fills the adapted model.</summary>
    /// <exception cref="InvalidDataException">Tensors are missing in the model or have another shape there; all are listed.</exception>
    public void CopyTo(nn.Module adapted)
    {
        using var frozen = no_grad();
        var targets = adapted.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        var problems = new List<string>();
        foreach (var (name, value) in tensors)
        {
            // Within an adapted layer, the original parameters stand below the base layer.
            var target = targets.GetValueOrDefault(name) ?? targets.GetValueOrDefault(WithinBase(name));
            if (target is null)
                problems.Add($"the model has no '{name}'");
            else if (!target.shape.SequenceEqual(value.shape))
                problems.Add($"'{name}' has shape ({string.Join(", ", value.shape)}), in the model ({string.Join(", ", target.shape)})");
            else
                target.copy_(value);
        }

        if (problems.Count > 0)
            throw new InvalidDataException($"The adapter in '{folder}' does not fit the model: {string.Join("; ", problems)}.");
    }

    private static string WithinBase(string name)
    {
        var dot = name.LastIndexOf('.');
        return dot < 0 ? name : $"{name[..dot]}.base_layer{name[dot..]}";
    }

    private static TargetModules Exactly(IEnumerable<string> names) => TargetModules.Regex($"(?:{string.Join('|', names.Select(Regex.Escape))})");

    // The list may name a module twice, or one that this model does not have: both are harmless.
    private IReadOnlyList<string> TrainedModules(nn.Module model)
    {
        var listed = (config["modules_to_save"] as JsonArray)?.Select(n => n?.GetValue<string>()).OfType<string>().Distinct(StringComparer.Ordinal) ?? [];
        var present = model.named_modules().Select(m => m.name).ToList();
        return [.. listed.Where(n => present.Any(p => p == n || p.EndsWith("." + n, StringComparison.Ordinal)))];
    }

    private T Number<T>(string key, T fallback)
        where T : struct
    {
        try
        {
            return config[key] is { } value ? value.GetValue<T>() : fallback;
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"'{key}' in '{Path.Combine(folder, PeftFolder.ConfigFile)}' is {config[key]!.ToJsonString()}; a number is needed.", e);
        }
    }
}
