using System.Text.Json;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Families.Bart;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Families.DebertaV2;
using AdaLora.Transformers.Families.DistilBert;
using AdaLora.Transformers.Families.Electra;
using AdaLora.Transformers.Families.Gemma3;
using AdaLora.Transformers.Families.Gpt2;
using AdaLora.Transformers.Families.Llama;
using AdaLora.Transformers.Families.Mistral;
using AdaLora.Transformers.Families.Phi3;
using AdaLora.Transformers.Families.Qwen2;
using AdaLora.Transformers.Families.Qwen3;
using AdaLora.Transformers.Families.Roberta;
using AdaLora.Transformers.Families.T5;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;

namespace AdaLora.Transformers;

/// <summary>How the configuration and the models of one family are created; null for a model that it does not have. A new family is one more entry of the table here.</summary>
internal sealed class ModelFamily
{
    private static readonly Dictionary<string, ModelFamily> Families = new(StringComparer.Ordinal)
    {
        ["bert"] = Encoders(
            entries => new BertConfig(entries),
            config => new BertModel(config),
            (config, labels) => new BertForSequenceClassification(config, labels),
            config => new QuestionAnswerer("BertForQuestionAnswering", new BertModel(config, withPooler: false)),
            BertForMaskedLM.For),
        ["roberta"] = Roberta(entries => new RobertaConfig(entries)),
        ["xlm-roberta"] = Roberta(entries => new XlmRobertaConfig(entries)),
        ["electra"] = Encoders(
            entries => new ElectraConfig(entries),
            config => new ElectraModel(config),
            (config, labels) => new ElectraForSequenceClassification(config, labels),
            config => new QuestionAnswerer("ElectraForQuestionAnswering", new ElectraModel(config))),
        ["distilbert"] = Encoders(
            entries => new DistilBertConfig(entries),
            config => new DistilBertModel(config),
            (config, labels) => new DistilBertForSequenceClassification(config, labels),
            config => new QuestionAnswerer("DistilBertForQuestionAnswering", new DistilBertModel(config), config.QuestionAnsweringDropout)),
        ["deberta-v2"] = Encoders(
            entries => new DebertaV2Config(entries),
            config => new DebertaV2Model(config),
            (config, labels) => new DebertaV2ForSequenceClassification(config, labels),
            config => new QuestionAnswerer("DebertaV2ForQuestionAnswering", new DebertaV2Model(config))),
        ["gpt2"] = Decoders(entries => new Gpt2Config(entries), config => new Gpt2Model(config), "GPT2LMHeadModel"),
        ["llama"] = Decoders(entries => new LlamaConfig(entries), LlamaDecoder.Create, "LlamaForCausalLM"),
        ["mistral"] = Decoders(entries => new MistralConfig(entries), MistralDecoder.Create, "MistralForCausalLM"),
        ["qwen2"] = Decoders(entries => new Qwen2Config(entries), Qwen2Decoder.Create, "Qwen2ForCausalLM"),
        ["qwen3"] = Decoders(entries => new Qwen3Config(entries), Qwen3Decoder.Create, "Qwen3ForCausalLM"),
        ["phi3"] = Decoders(entries => new Phi3Config(entries), Phi3Decoder.Create, "Phi3ForCausalLM"),
        ["gemma3_text"] = Decoders(entries => new Gemma3TextConfig(entries), Gemma3Decoder.Create, "Gemma3ForCausalLM"),
        ["bart"] = EncoderDecoders(entries => new BartConfig(entries), (config, _) => new BartForConditionalGeneration(config)),
        ["t5"] = EncoderDecoders(entries => new T5Config(entries), T5ForConditionalGeneration.For),
    };

    /// <summary>Creates the configuration from the content and the path of config.json.</summary>
    public required Func<JsonElement, string, ModelConfig> ReadConfig { get; init; }

    public Func<ModelConfig, TextEncoder>? Encoder { get; private init; }

    public Func<ModelConfig, int, SequenceClassifier>? SequenceClassifier { get; private init; }

    public Func<ModelConfig, QuestionAnswerer>? QuestionAnswerer { get; private init; }

    public Func<ModelConfig, CheckpointFolder, MaskedLM>? MaskedLM { get; private init; }

    public Func<DecoderConfig, TextDecoder>? Decoder { get; private init; }

    public Func<DecoderConfig, CausalLM>? CausalLM { get; private init; }

    /// <summary>For a checkpoint, or for none.</summary>
    public Func<EncoderDecoderConfig, CheckpointFolder?, Seq2SeqLM>? Seq2SeqLM { get; private init; }

    public static bool IsSupported(string modelType) => Families.ContainsKey(modelType);

    /// <exception cref="CheckpointException">The checkpoint is of a family without an entry here.</exception>
    public static ModelFamily Of(CheckpointFolder checkpoint) =>
        checkpoint.Config.Text("model_type") is not { } type
            ? throw new CheckpointException(checkpoint.ConfigPath, "has no model_type, so the model's family is unknown.")
            : Families.TryGetValue(type, out var family)
                ? family
                : throw new CheckpointException(checkpoint.ConfigPath, $"describes a model of type '{type}', which is not supported (supported: {string.Join(", ", Families.Keys)}).");

    /// <summary>The family of a configuration.</summary>
    public static ModelFamily Of(ModelConfig config) => Families[config.ModelType];

    /// <summary>The types of the families for which <paramref name="has"/> is true.</summary>
    public static IEnumerable<string> TypesWith(Func<ModelFamily, bool> has) => Families.Where(family => has(family.Value)).Select(family => family.Key);

    private static ModelFamily Encoders<TConfig>(
        Func<ConfigEntries, TConfig> readConfig,
        Func<TConfig, TextEncoder> encoder,
        Func<TConfig, int, SequenceClassifier> sequenceClassifier,
        Func<TConfig, QuestionAnswerer> questionAnswerer,
        Func<TConfig, CheckpointFolder, MaskedLM>? maskedLM = null)
        where TConfig : EncoderConfig =>
        new()
        {
            ReadConfig = (json, path) => ModelConfig.Read(json, path, readConfig),
            Encoder = config => encoder((TConfig)config),
            SequenceClassifier = (config, labels) => sequenceClassifier((TConfig)config, labels),
            QuestionAnswerer = config => questionAnswerer((TConfig)config),
            MaskedLM = maskedLM is null ? null : (config, checkpoint) => maskedLM((TConfig)config, checkpoint),
        };

    /// <param name="readConfig">Creates the configuration.</param>
    /// <param name="decoder">Creates the decoder.</param>
    /// <param name="languageModel">The reference's name of the class with the head, as in config.json.</param>
    private static ModelFamily Decoders<TConfig>(Func<ConfigEntries, TConfig> readConfig, Func<TConfig, TextDecoder> decoder, string languageModel)
        where TConfig : DecoderConfig =>
        new()
        {
            ReadConfig = (json, path) => ModelConfig.Read(json, path, readConfig),
            Decoder = config => decoder((TConfig)config),
            CausalLM = config => new CausalLM(languageModel, decoder((TConfig)config)),
        };

    private static ModelFamily EncoderDecoders<TConfig>(Func<ConfigEntries, TConfig> readConfig, Func<TConfig, CheckpointFolder?, Seq2SeqLM> model)
        where TConfig : EncoderDecoderConfig =>
        new()
        {
            ReadConfig = (json, path) => ModelConfig.Read(json, path, readConfig),
            Seq2SeqLM = (config, checkpoint) => model((TConfig)config, checkpoint),
        };

    private static ModelFamily Roberta<TConfig>(Func<ConfigEntries, TConfig> readConfig)
        where TConfig : RobertaConfig =>
        Encoders(
            readConfig,
            config => new RobertaModel(config),
            (config, labels) => new RobertaForSequenceClassification(config, labels),
            config => new QuestionAnswerer(config.ArchitecturePrefix + "ForQuestionAnswering", new RobertaModel(config)));
}
