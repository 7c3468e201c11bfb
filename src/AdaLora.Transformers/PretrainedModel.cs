using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers;

/// <summary>
/// What all models of this package share: they take token ids, attention mask and token types, have a configuration, and can be written as a checkpoint whose tensor
/// names are those of the Hugging Face hub.
/// </summary>
public abstract class PretrainedModel : Module<Tensor, Tensor?, Tensor?, Tensor>
{
    private protected PretrainedModel(string name, EncoderConfig config)
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.ThrowIfInvalid();
        Config = config;
    }

    /// <summary>The configuration the model was made from.</summary>
    public EncoderConfig Config { get; }

    /// <summary>What was loaded, newly initialised and left over, or null for a model that wasn't read from a checkpoint.</summary>
    public LoadReport? LoadReport { get; private set; }

    /// <summary>The encoder: the model itself, or what is below its head.</summary>
    internal abstract TextEncoder Text { get; }

    /// <summary>The first part of the encoder's tensor names in checkpoints of a whole model, such as "bert".</summary>
    internal abstract string EncoderPrefix { get; }

    /// <summary>Name prefixes of the parts that belong to one task and start anew for another one.</summary>
    private protected virtual IReadOnlyList<string> HeadPrefixes => [];

    /// <summary>Name prefixes of the parts that a checkpoint may lack besides.</summary>
    private protected virtual IReadOnlyList<string> OptionalPrefixes => [];

    /// <summary>Names of stored tensors that repeat another one.</summary>
    private protected virtual IReadOnlyList<string> TiedNames => [];

    /// <summary>Writes config.json and model.safetensors, which this package and the Python library of the same layout can read.</summary>
    /// <param name="folder">The folder; it is made if it isn't there, and existing files are replaced.</param>
    /// <param name="tokenizerFolder">A checkpoint whose tokenizer files are copied as well, so that the result stands alone; null for none.</param>
    /// <exception cref="ArgumentException"><paramref name="folder"/> is null or empty.</exception>
    /// <exception cref="InvalidOperationException">Adapters are in the model: their names mean nothing to other readers.</exception>
    /// <exception cref="IOException">The files can't be read or written.</exception>
    public void SaveCheckpoint(string folder, string? tokenizerFolder = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        CheckpointWriter.Write(this, ConfigToSave, folder);
        if (tokenizerFolder is not null)
            CheckpointWriter.CopyTokenizer(tokenizerFolder, folder);
    }

    internal bool IsHead(string name) => StartsWithAny(name, HeadPrefixes);

    internal bool IsReplaceable(string name) => IsHead(name) || StartsWithAny(name, OptionalPrefixes);

    internal bool IsTied(string name) => TiedNames.Contains(name);

    /// <summary>Another name under which a checkpoint may hold a tensor, or null.</summary>
    internal virtual string? OtherName(string name) => null;

    private protected virtual EncoderConfig ConfigToSave => Config;

    /// <summary>Makes the model that <paramref name="create"/> gives for the checkpoint's family and fills it.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="create">Makes the model.</param>
    /// <param name="options">How it is loaded.</param>
    /// <param name="adjust">Corrects the configuration by what is stored; null for as it is.</param>
    private protected static TModel Load<TModel>(
        string folder, Func<ModelFamily, EncoderConfig, TModel> create, PretrainedOptions options, Func<CheckpointFolder, EncoderConfig, EncoderConfig>? adjust = null)
        where TModel : PretrainedModel
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var family = ModelFamily.Of(checkpoint);
        var config = family.ReadConfig(checkpoint);
        ConfigFit.Check(checkpoint, config);
        var model = create(family, adjust is null ? config : adjust(checkpoint, config));
        try
        {
            // Stored doubles must not pass through single precision.
            if (options.Dtype == ScalarType.Float64)
                _ = model.to(ScalarType.Float64);
            model.LoadReport = WeightLoader.Load(model, checkpoint, options);
            if (options.Dtype is { } dtype)
                _ = model.to(dtype);
            if (options.Device is { } device)
                _ = model.to(device);
            model.eval();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static bool StartsWithAny(string name, IReadOnlyList<string> prefixes) => prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));
}
