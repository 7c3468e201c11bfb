using System.Text.Json.Nodes;
using AdaLora.Experiments.Tasks;
using AdaLora.Processes;
using AdaLora.Transformers;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tokenization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLora.Glue.Tasks;

/// <summary>The data of a GLUE task as token ids.</summary>
internal sealed class GlueData : ITaskData
{
    private readonly TaskInputs _inputs;
    private readonly EncodedExamples? _training;

    private GlueData(GlueExamples examples, TaskInputs inputs)
    {
        (Task, Found, _inputs) = (examples.Task, examples.Found, inputs);
        Tokenizer = TextTokenizer.FromFolder(inputs.Checkpoint);
        if (inputs.Sets.HasFlag(DataSets.Training))
            _training = EncodedExamples.Read(examples, GlueSplit.Train, GluePart.Whole, Tokenizer, inputs);
        if (inputs.Sets.HasFlag(DataSets.Dev) && examples.HasDev)
            Dev = [.. Task.Parts.Select(part => EncodedExamples.Read(examples, GlueSplit.Dev, part, Tokenizer, inputs))];
    }

    public GlueTask Task { get; }

    public TextTokenizer Tokenizer { get; }

    public int MaxLength => _inputs.MaxLength;

    public string Checkpoint => _inputs.Checkpoint;

    /// <summary>The processes that evaluate together.</summary>
    public IProcessGroup Group => _inputs.Group;

    public EncodedExamples Training => _training ?? throw new InvalidOperationException("The training set was not read.");

    /// <summary>The dev set's parts in the order of <see cref="GlueTask.Parts"/>; none if it was not requested.</summary>
    public IReadOnlyList<EncodedExamples> Dev { get; } = [];

    public int Count => _training?.Count ?? 0;

    public JsonObject? Found { get; }

    public static GlueData Read(GlueExamples examples, TaskInputs inputs) => new(examples, inputs);

    public int LengthOf(int example) => Training.LengthOf(example);

    public ITaskModel LoadModel(Device device, ILogger? logger = null)
    {
        var model = AutoModel.SequenceClassifier(Checkpoint, Task.LabelCount,
            new PretrainedOptions { Device = device, Dtype = _inputs.Dtype, Seed = _inputs.Seed, NewHead = true, Logger = logger ?? NullLogger.Instance });
        try
        {
            VocabularyFit.Check(Tokenizer, model.Encoder.Config.VocabularySize, Checkpoint);
            return new GlueModel(this, model);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
