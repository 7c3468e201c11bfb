using System.Text.Json.Nodes;
using AdaLora.Experiments.Metrics.Texts;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Processes;
using AdaLora.Summarization.Data;
using AdaLora.Transformers;
using AdaLora.Transformers.Families.T5;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tokenization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLora.Summarization.Tasks;

/// <summary>Texts and summaries as tokens.</summary>
internal sealed class SummarizationData : ITaskData
{
    /// <summary>What the T5 models were trained with.</summary>
    public const string T5Prefix = "summarize: ";

    private readonly TaskInputs _inputs;
    private readonly string _prefix;

    public SummarizationData(TaskInputs inputs)
    {
        _inputs = inputs;
        Tokenizer = TextTokenizer.FromFolder(inputs.Checkpoint);
        _prefix = inputs.Options.Get(SummarizationOptions.Prefix) ?? (IsT5(inputs.Checkpoint) ? T5Prefix : "");
        var folder = new DocumentFolder(inputs.Data, inputs.Options.Get(SummarizationOptions.Dev));
        if (inputs.Sets.HasFlag(DataSets.Training))
            Training = Encode(Read(folder.TrainingFiles), "training set");
        // If a part of the training set is kept aside, nothing else is evaluated on.
        if (inputs.Sets.HasFlag(DataSets.Dev) && !(inputs.Sets.HasFlag(DataSets.Training) && inputs.Options.Get(RunOptions.HeldOut) > 0))
            Dev = Encode(Read(folder.DevFiles), "dev set");
        RougeTokens = RougeTokenizer.For((Dev.Count > 0 ? Dev : Training).Documents.Select(document => document.Summary));
        if (RougeTokens != RougeTokenizer.Stemmed)
            inputs.Reporter.Note($"some summaries have no Latin letters: ROUGE counts tokens of '{RougeTokens.Name}', and the scores cannot be compared with published ones");
    }

    public TextTokenizer Tokenizer { get; }

    /// <summary>What ROUGE counts.</summary>
    public RougeTokenizer RougeTokens { get; }

    public IOptionValues Options => _inputs.Options;

    public string Checkpoint => _inputs.Checkpoint;

    /// <summary>The processes that evaluate together.</summary>
    public IProcessGroup Group => _inputs.Group;

    public EncodedDocuments Training { get; } = EncodedDocuments.None;

    public EncodedDocuments Dev { get; } = EncodedDocuments.None;

    public int Count => Training.Count;

    public int LengthOf(int example) => Training.LengthOf(example);

    /// <summary>Texts alone, as a model reads them.</summary>
    public IReadOnlyList<IReadOnlyList<int>> EncodeTexts(IReadOnlyList<string> texts) =>
        [.. Tokenizer.EncodeAll([.. texts.Select(text => (_prefix + text, (string?)null))], Options.Get(SummarizationOptions.MaxSourceLength)).Select(text => text.Ids)];

    public ITaskModel LoadModel(Device device, ILogger? logger = null)
    {
        var model = AutoModel.Seq2SeqLM(Checkpoint, new PretrainedOptions { Device = device, Dtype = _inputs.Dtype, Seed = _inputs.Seed, Logger = logger ?? NullLogger.Instance });
        try
        {
            VocabularyFit.Check(Tokenizer, model.Config.VocabularySize, Checkpoint);
            foreach (var option in (RunOption<int>[])[SummarizationOptions.MaxSourceLength, SummarizationOptions.MaxTargetLength])
            {
                if (model.Config is not T5Config && Options.Get(option) > model.Config.MaxPositions)
                    throw new UserInputException($"{option.Name}: is {Options.Get(option)}, but the model has only {model.Config.MaxPositions} positions.");
            }

            return new SummarizationModel(this, model);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static bool IsT5(string checkpoint)
    {
        var path = Path.Combine(checkpoint, "config.json");
        return File.Exists(path) && JsonNode.Parse(File.ReadAllText(path)) is JsonObject config && config["model_type"]?.ToString() == new T5Config().ModelType;
    }

    private IReadOnlyList<Document> Read(IReadOnlyList<string> files)
    {
        var documents = new List<Document>();
        foreach (var file in files)
        {
            documents.AddRange(DocumentFile.Read(file, Options.Get(SummarizationOptions.TextColumn), Options.Get(SummarizationOptions.SummaryColumn), out var skipped));
            if (skipped > 0)
                _inputs.Reporter.Note($"{file}: left out {skipped} rows without a text or a summary");
        }

        return [.. documents.Take(_inputs.Limit ?? int.MaxValue)];
    }

    private EncodedDocuments Encode(IReadOnlyList<Document> documents, string name)
    {
        var progress = new TokenizingBridge(_inputs.Reporter, name, documents.Count);
        var texts = Tokenizer.EncodeAll(
            [.. documents.Select(document => (_prefix + document.Text, (string?)null))], Options.Get(SummarizationOptions.MaxSourceLength), progress: progress, cancellation: _inputs.Cancellation);
        var summaries = Tokenizer.EncodeAll(
            [.. documents.Select(document => (document.Summary, (string?)null))], Options.Get(SummarizationOptions.MaxTargetLength), cancellation: _inputs.Cancellation);
        return new EncodedDocuments(Tokenizer, documents, texts, [.. summaries.Select(summary => summary.Ids)]);
    }
}
