using AdaLora.Bank;
using AdaLora.Injection;
using AdaLora.Internals;
using AdaLora.Peft;
using AdaLora.Safetensors;
using AdaLora.Targeting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLora;

/// <content>Adapters on disk, in PEFT's layout.</content>
public sealed partial class AdaLoraModel
{
    /// <summary>
    /// Writes the adapter, and what was trained in full, as PEFT's adapter_config.json and adapter_model.safetensors. Once the pattern is final, only the kept triplets are written, with the rank
    /// pattern; before that, all of them with their lambdas. It makes no difference whether pruned triplets were dropped or adapters are merged.
    /// </summary>
    /// <remarks>
    /// The format has one initial rank and one alpha: where <see cref="AdaLoraOptions.Overrides"/> gave others, ranks are written as a pattern and the difference in scale goes into lambda.
    /// The two files are replaced together: if anything fails, an existing adapter stays as it was. Other files are left alone.
    /// </remarks>
    /// <param name="folder">Created if it does not exist; an adapter in it is replaced.</param>
    /// <exception cref="InvalidOperationException">Lambdas were trained, or gradients left unused, although the allocator never ran.</exception>
    /// <exception cref="IOException">The files cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Writing to the folder is not permitted.</exception>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        using var guard = _activity.Gate.Change("saved");
        RequireSelected("saved");
        RequireStep();
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var format = new AdaLoraConfigWriter(Describe(), _origin?.Config, IsPatternFinal ? ReadPattern() : OfWholeLife(HeldTriplets()));
        WarnOfClashes();
        WriteAdapter(folder, format.Write(), AdaptedTensors(format.Scale), SavedAttachments.AddTo(format.Metadata(), MaterialisedNames));
    }

    /// <summary>
    /// Adapts a model with a saved AdaLoRA or plain LoRA adapter (a LoRA product is decomposed into singular triplets). It can be used as it is, or trained further: then the triplets it has
    /// now are the initial budget, and also the target budget unless ranks were not settled yet, so that nothing more is pruned.
    /// </summary>
    /// <param name="model">The base model that the adapter was trained on, on the device it will run on.</param>
    /// <param name="folder">A folder written by <see cref="Save"/>, <see cref="ExportLora"/> or PEFT.</param>
    /// <param name="logger">As in <see cref="Attach"/>.</param>
    /// <exception cref="InvalidDataException">The folder holds no such adapter, or one that does not fit the model; all mismatches are listed. The model is unchanged.</exception>
    /// <exception cref="SafetensorsException">The weights file violates the format. The model is unchanged, except for modules trained in full if the file is altered while it is being
    /// read.</exception>
    /// <exception cref="InjectionException">Layers of the model cannot be replaced. The model is unchanged.</exception>
    /// <param name="attachment">As in <see cref="AdaLoraOptions.Attachment"/>. Weights that held the product of their adapter when it was saved do so again.</param>
    public static AdaLoraModel Load(nn.Module model, string folder, ILogger? logger = null, AttachmentMethod attachment = AttachmentMethod.Automatic) =>
        LoadInto(model, folder, logger ?? NullLogger.Instance, _ => { }, attachment);

    /// <param name="model">As above.</param>
    /// <param name="folder">As above.</param>
    /// <param name="logger">As above.</param>
    /// <param name="beforeFilling">Called when the adapters are in place, but the weights are still those of the base model.</param>
    /// <param name="attachment">As above.</param>
    internal static AdaLoraModel LoadInto(nn.Module model, string folder, ILogger logger, Action<AdaLoraModel> beforeFilling, AttachmentMethod attachment)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        if (!Enum.IsDefined(attachment))
            throw new ArgumentOutOfRangeException(nameof(attachment), attachment, "Unknown way of attaching.");
        using var saved = new SavedAdapter(folder);
        var fit = saved.FitTo(model);
        var adapted = new AdapterAttachment(model, OptionsFor(fit, folder) with { Attachment = attachment }, logger, fit.Blueprint(), new AdapterOrigin(fit.Config, fit.Pattern())).Build();
        try
        {
            adapted._loadedTables = fit.Tables;
            beforeFilling(adapted);
            saved.Fill(adapted.Adapters, fit, adapted._rows);
        }
        catch
        {
            adapted.Detach();
            throw;
        }

        if (saved.UnknownFields.Count > 0)
            LogUnknown(logger, folder, string.Join(", ", saved.UnknownFields));
        foreach (var shared in fit.Untied)
            LogUntied(logger, folder, shared);
        adapted.NoteLambdas();
        adapted.WriteWeights();
        return adapted;
    }

    private IReadOnlyCollection<string> MaterialisedNames => [.. Sites.Where(s => s.IsMaterialized).Select(s => s.Path)];

    private static void WriteAdapter(string folder, byte[] config, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        AdapterFolder.Write(folder, new Dictionary<string, Action<Stream>>(StringComparer.Ordinal)
        {
            [AdapterFolder.ConfigFile] = stream => stream.Write(config),
            [AdapterFolder.WeightsFile] = stream => SafetensorsWriter.WriteTo(stream, tensors, metadata),
        });
    }

    private Dictionary<string, Tensor> AdaptedTensors(double scale)
    {
        var tensors = TrainedTensors(_adapters.Select(a => a.Slot.Name));
        foreach (var (name, ownScale, right, lambda, left) in KeptTriplets())
        {
            var module = PeftName.Prefix + name;
            tensors[module + ".lora_A"] = right;
            tensors[module + ".lora_E"] = ownScale == scale ? lambda : lambda.Mul(ownScale / scale);
            tensors[module + ".lora_B"] = left;
        }

        return tensors;
    }

    // The triplets that are held, without those that a final pattern has pruned but not dropped.
    private IEnumerable<(string Name, double Scale, Tensor Right, Tensor Lambda, Tensor Left)> KeptTriplets()
    {
        var survivors = IsPatternFinal && !IsCompacted ? _allocator?.ReadSurvivors() : null;
        foreach (var adapter in _adapters)
        {
            var (right, lambda, left) = (_bank.Values.Right(adapter.Slot), _bank.Values.Lambda(adapter.Slot), _bank.Values.Left(adapter.Slot));
            if (survivors is not null)
            {
                var kept = tensor(Enumerable.Range(0, adapter.Rank).Where(i => survivors[adapter.Slot.First + i]).Select(i => (long)i).ToArray(), device: right.device);
                (right, lambda, left) = (right.index_select(0, kept), lambda.index_select(0, kept), left.index_select(1, kept));
            }

            yield return (adapter.Slot.Name, adapter.Scale, right, lambda, left);
        }
    }

    /// <param name="carriers">The modules that carry an adapter from the point of view of the file's reader: their biases are those of base layers.</param>
    private Dictionary<string, Tensor> TrainedTensors(IEnumerable<string> carriers)
    {
        var adapted = carriers.ToHashSet(StringComparer.Ordinal);
        var tensors = _selection.Parameters.ToDictionary(p => PeftName.OfParameter(p.Name, adapted), p => (Tensor)p.Parameter, StringComparer.Ordinal);
        foreach (var (name, table) in SavedTables())
            tensors.TryAdd(PeftName.OfParameter(name, adapted), table);
        foreach (var rows in _rows)
            tensors[PeftName.Prefix + rows.Name] = rows.Values;
        // Running averages and other buffers belong to a module that was trained in full, and so do parameters that take no gradient.
        foreach (var (name, value) in _selection.FullState())
            tensors[PeftName.Prefix + name] = value;
        // Anything else that training changed is also part of what was learned; PEFT loads it too, since it has a place of that name.
        foreach (var (name, value) in _buffers.ReadChanged())
            tensors[PeftName.Prefix + name] = value;
        return tensors;
    }

    // By PEFT's rules, a name in modules_to_save also matches modules that end with it, and those get no adapter.
    private void WarnOfClashes()
    {
        var trained = _selection.FullyTrainedModules.ToHashSet(StringComparer.Ordinal);
        foreach (var clash in _adapters.Select(a => a.Slot.Name).Where(n => SavedTargets.EndsWithAny(n, trained)))
            LogClash(_logger, clash);
    }

    [LoggerMessage(EventId = 9, Level = LogLevel.Warning,
        Message = "The configuration of the adapter in '{Folder}' sets {Fields}, which this version does not know; the adapter is loaded without them")]
    private static partial void LogUnknown(ILogger logger, string folder, string fields);

    [LoggerMessage(EventId = 16, Level = LogLevel.Warning,
        Message = "In this model {Shared}, so both receive what the adapter in '{Folder}' has learnt; without 'ensure_weight_tying' PEFT gives the former its own weight")]
    private static partial void LogUntied(ILogger logger, string folder, string shared);

    [LoggerMessage(EventId = 5, Level = LogLevel.Warning, Message = "PEFT would ignore the adapter of '{Module}', because that name ends with the name of a module that was trained in full")]
    private static partial void LogClash(ILogger logger, string module);
}
