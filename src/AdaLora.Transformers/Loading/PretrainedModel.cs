using System.Text.Json.Nodes;
using AdaLora.Targeting;
using AdaLora.Transformers.Configuration;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Loading;

/// <summary>
/// What all models of this package share: they take token ids, the attention mask and a third tensor that depends on the kind of model (token types for encoders, positions for decoders),
/// have a configuration, and can be written as a checkpoint whose tensor names are those of the Hugging Face hub.
/// </summary>
public abstract class PretrainedModel : Module<Tensor, Tensor?, Tensor?, Tensor>, IVocabulary
{
    private protected PretrainedModel(string name, ModelConfig config)
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.ThrowIfInvalid();
        BaseConfig = config;
    }

    /// <summary>What was loaded, newly initialised and left over, or null for a model that wasn't read from a checkpoint.</summary>
    public LoadReport? LoadReport { get; private set; }

    /// <summary>The configuration the model was made from.</summary>
    internal ModelConfig BaseConfig { get; private protected set; }

    /// <inheritdoc/>
    public IReadOnlyList<string> VocabularyTables => [.. Loading.VocabularyTables.Of(this).Select(table => table.Name)];

    /// <inheritdoc/>
    public IReadOnlyList<string> RepeatedTables => TiedNames;

    /// <inheritdoc/>
    public bool IsVocabularyResized { get; private set; }

    /// <summary>The last parts of the names of tables with a row for each word.</summary>
    internal abstract IReadOnlyList<string> VocabularyEndings { get; }

    /// <summary>The first part of the names of the tensors below the head, in checkpoints of a whole model, such as "bert".</summary>
    internal abstract string BasePrefix { get; }

    /// <summary>
    /// The name of the list that holds the model's layers, the encoder's if there are two, such as "bert.encoder.layer", or "transformer.h" of GPT-2: what belongs to the first layer has a name
    /// that begins with "bert.encoder.layer.0.".
    /// </summary>
    public string LayersName => StackNames[0];

    /// <summary>The names of the lists that hold layers, in the order in which the model runs them: one, or that of the encoder and that of the decoder.</summary>
    public IReadOnlyList<string> StackNames => [.. BaseConfig.Stacks.Select(stack => (HasHead && BasePrefix.Length > 0 ? $"{BasePrefix}." : "") + stack.Prefix.TrimEnd('.'))];

    /// <summary>Whether there is something above the part that <see cref="BasePrefix"/> names.</summary>
    internal virtual bool HasHead => true;

    /// <summary>Name prefixes of the parts that belong to one task and are created anew for another one.</summary>
    private protected virtual IReadOnlyList<string> HeadPrefixes => [];

    /// <summary>Name prefixes of the parts that a checkpoint may also lack.</summary>
    private protected virtual IReadOnlyList<string> OptionalPrefixes => [];

    /// <summary>Names of stored tensors that repeat another one.</summary>
    private protected virtual IReadOnlyList<string> TiedNames => [];

    /// <summary>What is saved in files of its own beside the configuration, by their names.</summary>
    private protected virtual IReadOnlyDictionary<string, JsonObject> FilesBeside => new Dictionary<string, JsonObject>();

    private protected virtual ModelConfig ConfigToSave => BaseConfig;

    /// <summary>Writes config.json and model.safetensors, or shards with their index, which this package and the Python library of the same layout can read.</summary>
    /// <param name="folder">The folder; it is made if it isn't there, and existing files are replaced together: a process that is killed meanwhile leaves either the old checkpoint or the
    /// new one to this package.</param>
    /// <param name="tokenizerFolder">A checkpoint whose tokenizer files are copied as well, so that the result stands alone; null for none.</param>
    /// <param name="maxShardBytes">The greatest size of a weight file's tensors in bytes; a model that is larger is split into several, and a tensor that is larger has a file of its own. Null, the
    /// default: one file.</param>
    /// <exception cref="ArgumentException"><paramref name="folder"/> is null or empty, or <paramref name="maxShardBytes"/> is below 1.</exception>
    /// <exception cref="InvalidOperationException">Adapters are in the model: their names mean nothing to other readers.</exception>
    /// <exception cref="IOException">The files can't be read or written.</exception>
    public void SaveCheckpoint(string folder, string? tokenizerFolder = null, long? maxShardBytes = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (maxShardBytes < 1)
            throw new ArgumentOutOfRangeException(nameof(maxShardBytes), maxShardBytes, "A shard must hold at least one byte.");
        CheckpointWriter.Write(this, ConfigToSave, FilesBeside, folder, maxShardBytes ?? long.MaxValue);
        if (tokenizerFolder is not null)
            CheckpointWriter.CopyTokenizer(tokenizerFolder, folder);
    }

    /// <summary>
    /// Gives the model a vocabulary of another size, for words that were added to its tokenizer. Rows that there were keep their values; new ones start as the mean of all. A head that is tied to
    /// the embeddings follows, and so does one of its own. Adapters that are saved afterwards hold the tables as well.
    /// </summary>
    /// <param name="rows">The number of words, at least 1 and above all ids that the configuration names.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    /// <exception cref="ArgumentException">The configuration names an id that would be beyond the vocabulary.</exception>
    /// <exception cref="InvalidOperationException">The model has adapters.</exception>
    public void ResizeVocabulary(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        (BaseConfig with { VocabularySize = rows }).ThrowIfInvalid();
        Loading.VocabularyTables.Resize(this, rows);
        IsVocabularyResized = true;
        TakeVocabulary(rows);
    }

    /// <summary>Notes the size of the vocabulary in the configuration.</summary>
    internal virtual void TakeVocabulary(int rows) => BaseConfig = BaseConfig with { VocabularySize = rows };

    internal bool IsHead(string name) => HeadPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));

    internal bool IsReplaceable(string name) => IsHead(name) || OptionalPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>Whether a stored tensor says nothing that the model does not already know.</summary>
    internal bool IsRedundant(string name) => TiedNames.Contains(name) || BaseConfig.ConstantEndings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal));

    /// <summary>Other names under which a checkpoint may hold a tensor.</summary>
    internal virtual IReadOnlyList<string> OtherNames(string name) => [];

    /// <summary>Whether a tensor that a checkpoint lacks keeps the values it was made with, and need not be trained.</summary>
    internal virtual bool HasDefault(string name) => false;

    /// <summary>The standard deviation of the first values of a matrix.</summary>
    internal virtual double FirstDeviation(string name) => BaseConfig.InitializerRange;

    /// <summary>The row of a matrix that starts at 0 because it belongs to padding, or null.</summary>
    internal virtual int? PaddingRow(string name) => null;

    /// <summary>Checks numbers that are not yet tensors.</summary>
    /// <exception cref="ArgumentException">The model has no such id or type.</exception>
    internal abstract void CheckRange(ReadOnlySpan<long> ids, ReadOnlySpan<long> types, string parameter);

    /// <summary>Fills a model that was just created and moves it to its device.</summary>
    internal void Fill(CheckpointFolder checkpoint, PretrainedOptions options)
    {
        LoadReport = WeightLoader.Load(this, checkpoint, options);
        if (options.Device is { } device)
            _ = this.to(device);
        eval();
    }
}
