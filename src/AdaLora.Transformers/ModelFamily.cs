using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Families.DebertaV2;
using AdaLora.Transformers.Families.DistilBert;
using AdaLora.Transformers.Families.Electra;
using AdaLora.Transformers.Families.Roberta;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;

namespace AdaLora.Transformers;

/// <summary>How the models of one family are made. A new family is one more entry of the table here.</summary>
internal sealed class ModelFamily
{
    private static readonly Dictionary<string, ModelFamily> Families = new(StringComparer.Ordinal)
    {
        ["bert"] = Create(
            entries => new BertConfig(entries),
            config => new BertModel(config),
            (config, labels) => new BertForSequenceClassification(config, labels),
            config => new QuestionAnswerer("BertForQuestionAnswering", new BertModel(config, withPooler: false))),
        ["roberta"] = Roberta(entries => new RobertaConfig(entries)),
        ["xlm-roberta"] = Roberta(entries => new XlmRobertaConfig(entries)),
        ["electra"] = Create(
            entries => new ElectraConfig(entries),
            config => new ElectraModel(config),
            (config, labels) => new ElectraForSequenceClassification(config, labels),
            config => new QuestionAnswerer("ElectraForQuestionAnswering", new ElectraModel(config))),
        ["distilbert"] = Create(
            entries => new DistilBertConfig(entries),
            config => new DistilBertModel(config),
            (config, labels) => new DistilBertForSequenceClassification(config, labels),
            config => new QuestionAnswerer("DistilBertForQuestionAnswering", new DistilBertModel(config), config.QuestionAnsweringDropout)),
        ["deberta-v2"] = Create(
            entries => new DebertaV2Config(entries),
            config => new DebertaV2Model(config),
            (config, labels) => new DebertaV2ForSequenceClassification(config, labels),
            config => new QuestionAnswerer("DebertaV2ForQuestionAnswering", new DebertaV2Model(config))),
    };

    private ModelFamily(
        Func<CheckpointFolder, EncoderConfig> readConfig,
        Func<EncoderConfig, TextEncoder> encoder,
        Func<EncoderConfig, int, SequenceClassifier> sequenceClassifier,
        Func<EncoderConfig, QuestionAnswerer> questionAnswerer)
    {
        ReadConfig = readConfig;
        Encoder = encoder;
        SequenceClassifier = sequenceClassifier;
        QuestionAnswerer = questionAnswerer;
    }

    public Func<CheckpointFolder, EncoderConfig> ReadConfig { get; }

    public Func<EncoderConfig, TextEncoder> Encoder { get; }

    public Func<EncoderConfig, int, SequenceClassifier> SequenceClassifier { get; }

    public Func<EncoderConfig, QuestionAnswerer> QuestionAnswerer { get; }

    public static bool IsSupported(string modelType) => Families.ContainsKey(modelType);

    /// <exception cref="CheckpointException">The checkpoint is of a family without an entry here.</exception>
    public static ModelFamily Of(CheckpointFolder checkpoint) =>
        checkpoint.Config.Text("model_type") is not { } type
            ? throw new CheckpointException(checkpoint.ConfigPath, "has no model_type, so that the model's family is unknown.")
            : Families.TryGetValue(type, out var family)
                ? family
                : throw new CheckpointException(checkpoint.ConfigPath, $"describes a model of type '{type}', which isn't supported (supported: {string.Join(", ", Families.Keys)}).");

    private static ModelFamily Create<TConfig>(
        Func<ConfigEntries, TConfig> readConfig,
        Func<TConfig, TextEncoder> encoder,
        Func<TConfig, int, SequenceClassifier> sequenceClassifier,
        Func<TConfig, QuestionAnswerer> questionAnswerer)
        where TConfig : EncoderConfig =>
        new(
            checkpoint => EncoderConfig.Read(checkpoint, readConfig),
            config => encoder((TConfig)config),
            (config, labels) => sequenceClassifier((TConfig)config, labels),
            config => questionAnswerer((TConfig)config));

    private static ModelFamily Roberta<TConfig>(Func<ConfigEntries, TConfig> readConfig)
        where TConfig : RobertaConfig =>
        Create(
            readConfig,
            config => new RobertaModel(config),
            (config, labels) => new RobertaForSequenceClassification(config, labels),
            config => new QuestionAnswerer(config.ArchitecturePrefix + "ForQuestionAnswering", new RobertaModel(config)));
}
