using System.Text.Json.Nodes;
using AdaLora.Adapters;
using AdaLora.Allocation;
using AdaLora.Parameters;
using AdaLora.Serialization;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace AdaLora;

/// <content>Adapters on disk, in the layout of PEFT.</content>
public sealed partial class AdaLoraModel
{
    /// <summary>
    /// Writes the adapter, and what was trained in full, as PEFT's adapter_config.json and adapter_model.safetensors. Once the pattern is settled only the kept triplets are written, with the pattern
    /// of ranks; before that all of them with their lambdas. Whether pruned triplets were dropped makes no difference.
    /// </summary>
    /// <param name="folder">Made if it is not there; an adapter in it is replaced.</param>
    /// <exception cref="InvalidOperationException">Lambdas were trained although the allocator never ran.</exception>
    /// <exception cref="IOException">The files cannot be written.</exception>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        RequireAllocator();
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        // One initial rank and one scale for all matrices is what the format knows; where they differ, the difference goes into the pattern and into lambda.
        var initialRank = Math.Max(1, _initialLayout.Slots.Max(s => s.Rank));
        var scale = SvdLinear.ScaleFor(Options.Alpha, initialRank);
        var pattern = ReadPattern();
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var adapter in _adapters)
        {
            var (right, lambda, left) = (_bank.Values.Right(adapter.Slot), _bank.Values.Lambda(adapter.Slot), _bank.Values.Left(adapter.Slot));
            if (IsFrozen && !IsCompacted)
            {
                var kept = tensor(pattern[adapter.Slot.Name].Select((k, i) => (k, i)).Where(p => p.k).Select(p => (long)p.i).ToArray(), device: right.device);
                (right, lambda, left) = (right.index_select(0, kept), lambda.index_select(0, kept), left.index_select(1, kept));
            }

            tensors[adapter.Slot.Name + ".lora_A"] = right;
            tensors[adapter.Slot.Name + ".lora_E"] = adapter.Scale == scale ? lambda : lambda.mul(adapter.Scale / scale);
            tensors[adapter.Slot.Name + ".lora_B"] = left;
        }

        foreach (var (name, parameter) in _selection.Parameters)
            tensors[name] = parameter;
        PeftFolder.Write(folder, Config(initialRank, pattern), tensors);
    }

    /// <summary>Adapts a model with a saved adapter. It can be used as it is, or trained on: what was pruned stays pruned.</summary>
    /// <param name="model">The base model that the adapter was trained on.</param>
    /// <param name="folder">A folder that <see cref="Save"/> or PEFT has written.</param>
    /// <param name="logger">As in <see cref="Attach"/>.</param>
    /// <exception cref="InvalidDataException">The folder holds no AdaLoRA adapter, or one that does not fit the model; all tensors that do not are listed.</exception>
    /// <exception cref="SafetensorsException">The weights break the format.</exception>
    /// <exception cref="InjectionException">Layers of the model cannot be replaced.</exception>
    public static AdaLoraModel Load(nn.Module model, string folder, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        using var scope = NewDisposeScope();
        var saved = new SavedAdapter(folder, PeftFolder.ReadConfig(folder), PeftFolder.ReadTensors(folder));
        var adapted = Attach(model, saved.OptionsFor(model), logger);
        try
        {
            saved.CopyTo(adapted.Model);
        }
        catch
        {
            adapted.Detach();
            throw;
        }

        adapted.NoteLambdas();
        return adapted;
    }

    private JsonObject Config(int initialRank, RankPattern pattern)
    {
        var total = Schedule?.TotalSteps ?? Options.TotalSteps;
        JsonObject? ranks = null;
        if (IsFrozen || _initialLayout.Slots.Any(s => s.Rank != initialRank))
        {
            ranks = new JsonObject(pattern.Names.Select(n => KeyValuePair.Create(
                n + ".lora_E", (JsonNode?)new JsonArray([.. Enumerable.Range(0, initialRank).Select(i => (JsonNode)(i < pattern[n].Count && pattern[n][i]))]))));
        }

        return new JsonObject
        {
            ["peft_type"] = "ADALORA",
            ["base_model_name_or_path"] = null,
            ["task_type"] = null,
            ["inference_mode"] = true,
            ["r"] = 8,
            ["init_r"] = initialRank,
            ["target_r"] = Options.TargetRank,
            ["lora_alpha"] = Options.Alpha,
            ["lora_dropout"] = Options.Dropout,
            ["tinit"] = total is { } t ? Options.InitialPhase.In(t) : 0,
            ["tfinal"] = total is { } u ? Options.FinalPhase.In(u) : 0,
            ["deltaT"] = Options.MaskInterval,
            ["beta1"] = Options.Beta1,
            ["beta2"] = Options.Beta2,
            ["orth_reg_weight"] = Options.OrthogonalityWeight,
            ["total_step"] = total,
            ["rank_pattern"] = ranks,
            ["bias"] = Options.Biases switch { BiasTraining.All => "all", BiasTraining.Adapted => "lora_only", _ => "none" },
            ["fan_in_fan_out"] = _injection.Sites.Any(s => s.Projection.WeightIsTransposed),
            ["target_modules"] = new JsonArray([.. _adapters.Select(a => (JsonNode)a.Slot.Name)]),
            ["modules_to_save"] = _selection.FullyTrainedModules.Count == 0 ? null : new JsonArray([.. _selection.FullyTrainedModules.Select(n => (JsonNode)n)]),
        };
    }
}
