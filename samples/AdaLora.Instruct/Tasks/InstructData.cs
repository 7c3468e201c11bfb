using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Instruct.Data;
using AdaLora.Processes;
using AdaLora.Transformers;
using AdaLora.Transformers.Chat;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tokenization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLora.Instruct.Tasks;

/// <summary>Texts as tokens.</summary>
internal sealed class InstructData : ITaskData
{
    private const int GeneratedByDefault = 100;

    private readonly TaskInputs _inputs;

    public InstructData(TaskInputs inputs)
    {
        _inputs = inputs;
        var tokenizer = TextTokenizer.FromFolder(inputs.Checkpoint);
        var template = TemplateOf(inputs);
        Encoder = new RowEncoder(tokenizer, template, TextEnds.Of(inputs.Checkpoint, tokenizer), inputs.Options.Get(InstructOptions.LossOn) == "answers");
        if (inputs.Sets.HasFlag(DataSets.Training))
            Training = Encode(DataFiles.Training(inputs.Data), "training set");
        if (inputs.Sets.HasFlag(DataSets.Dev) && DevFile() is { } dev)
            Dev = Encode(dev, "dev set");
    }

    public RowEncoder Encoder { get; }

    public TextSet? Training { get; }

    public TextSet? Dev { get; }

    public string Checkpoint => _inputs.Checkpoint;

    public int MaxLength => _inputs.MaxLength;

    public bool Packs => _inputs.Options.Get(InstructOptions.Pack);

    public IProcessGroup Group => _inputs.Group;

    /// <summary>The rows of the dev set for which answers are generated.</summary>
    public int Generated => _inputs.Options.Get(InstructOptions.Generated) is > 0 and var rows ? rows : Training is null ? GeneratedByDefault : 0;

    public int Count => Training?.Count ?? 0;

    public int LengthOf(int example) => Training!.LengthOf(example);

    public ITaskModel LoadModel(Device device, ILogger? logger = null)
    {
        var model = AutoModel.CausalLM(Checkpoint, new PretrainedOptions { Device = device, Dtype = _inputs.Dtype, Seed = _inputs.Seed, Logger = logger ?? NullLogger.Instance });
        model.Decoder.GradientCheckpointing = _inputs.Options.Get(InstructOptions.Checkpointing);
        if (Encoder.Tokenizer.VocabularySize <= model.Config.VocabularySize)
            return new InstructModel(this, model);
        var words = model.Config.VocabularySize;
        model.Dispose();
        throw new UserInputException($"The tokenizer of '{Checkpoint}' has {Encoder.Tokenizer.VocabularySize} tokens, but its model only {words}; they belong to different checkpoints.");
    }

    private static ChatTemplate? TemplateOf(TaskInputs inputs)
    {
        try
        {
            return inputs.Options.Get(InstructOptions.Template) is { } path ? ChatTemplate.FromFile(path, inputs.Checkpoint) : ChatTemplate.FromFolder(inputs.Checkpoint);
        }
        catch (ChatTemplateException e)
        {
            throw new UserInputException($"The chat template can't be used: {e.Message}", e);
        }
    }

    private string? DevFile()
    {
        // Nothing else is evaluated on then.
        if (_inputs.Sets.HasFlag(DataSets.Training) && _inputs.Options.Get(RunOptions.HeldOut) > 0)
            return null;
        return DataFiles.Dev(_inputs.Data, _inputs.Options.Get(InstructOptions.Dev))
            ?? throw new UserInputException($"'{_inputs.Data}' has no file to evaluate on; name one with {InstructOptions.Dev}, or keep a part aside with {RunOptions.HeldOut} 0.1.");
    }

    private TextSet Encode(string path, string name)
    {
        var columns = _inputs.Options.Get(InstructOptions.Columns).Split(',');
        var splitAt = _inputs.Options.Get(InstructOptions.SplitAt)?.Replace("\\n", "\n", StringComparison.Ordinal);
        var file = TextFile.Open(path, new RowFormat(columns[0], columns[1], splitAt), _inputs.Limit);
        var set = new TextSet(file, Encoder, _inputs.MaxLength, new TokenizingBridge(_inputs.Reporter, name, file.Count), _inputs.Cancellation);
        _inputs.Reporter.Note($"{name}: {set.Count} texts, {set.Tokens} tokens, of which {set.CountedTokens} count"
            + (set.WithoutCounted > 0 ? $"; nothing of {set.WithoutCounted} texts does" : ""));
        return set;
    }
}
