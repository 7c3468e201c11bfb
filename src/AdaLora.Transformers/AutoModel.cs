using AdaLora.Safetensors;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;

namespace AdaLora.Transformers;

/// <summary>Loads models from checkpoints in the layout of the Hugging Face hub, of any supported family. A loaded model is in evaluation mode.</summary>
/// <remarks>The folder holds config.json and model.safetensors, or shards with their index; for a name on the hub, it is what <see cref="Hub.HubCheckpoint.ResolveAsync"/> returns.</remarks>
public static class AutoModel
{
    /// <summary>Loads the encoder of a checkpoint; heads are ignored.</summary>
    /// <param name="folder">The folder with config.json and the weights.</param>
    /// <param name="options">How it is loaded; null for the defaults.</param>
    /// <returns>The encoder.</returns>
    /// <exception cref="ArgumentException"><paramref name="folder"/> is null or empty, or options are not valid.</exception>
    /// <exception cref="CheckpointException">The folder can't be used, its family has no such model, or its tensors don't fit: all that are missing or of another shape are listed.</exception>
    /// <exception cref="SafetensorsException">A weight file breaks the format.</exception>
    public static TextEncoder Encoder(string folder, PretrainedOptions? options = null) =>
        Load(folder, options, "encoder", family => family.Encoder, (make, config, _) => make(config));

    /// <summary>
    /// Loads an encoder with a classifier, or regressor. The checkpoint's head is used if it has one; otherwise a new one is initialised, as <see cref="PretrainedModel.LoadReport"/>
    /// reports.
    /// </summary>
    /// <param name="folder">The folder with config.json and the weights.</param>
    /// <param name="labels">The number of classes, 1 for regression, or null for the number that config.json gives, or else 2.</param>
    /// <param name="options">How it is loaded; null for the defaults.</param>
    /// <returns>The model.</returns>
    /// <exception cref="ArgumentException"><paramref name="folder"/> is null or empty, <paramref name="labels"/> is below 1, or options are not valid.</exception>
    /// <exception cref="CheckpointException">The folder can't be used, its family has no such model, or its tensors don't fit: all that are missing or of another shape are listed.</exception>
    /// <exception cref="SafetensorsException">A weight file breaks the format.</exception>
    public static SequenceClassifier SequenceClassifier(string folder, int? labels = null, PretrainedOptions? options = null) =>
        Load(folder, options, "sequence classifier", family => family.SequenceClassifier, (make, config, _) =>
        {
            var encoder = (EncoderConfig)config;
            return make(options?.NewHead == true ? encoder.WithoutHead() : encoder, labels ?? encoder.LabelNames?.Count ?? 2);
        });

    /// <summary>
    /// Loads an encoder with a head for question answering. The checkpoint's head is used if it has one; otherwise a new one is initialised, as <see cref="PretrainedModel.LoadReport"/>
    /// reports.
    /// </summary>
    /// <param name="folder">The folder with config.json and the weights.</param>
    /// <param name="options">How it is loaded; null for the defaults.</param>
    /// <returns>The model.</returns>
    /// <exception cref="ArgumentException"><paramref name="folder"/> is null or empty, or options are not valid.</exception>
    /// <exception cref="CheckpointException">The folder can't be used, its family has no such model, or its tensors don't fit: all that are missing or of another shape are listed.</exception>
    /// <exception cref="SafetensorsException">A weight file breaks the format.</exception>
    public static QuestionAnswerer QuestionAnswerer(string folder, PretrainedOptions? options = null) =>
        Load(folder, options, "question answerer", family => family.QuestionAnswerer, (make, config, _) => make(config));

    /// <summary>Loads an encoder with the masked-language-modelling head, which families other than BERT don't have yet.</summary>
    /// <param name="folder">The folder with config.json and the weights.</param>
    /// <param name="options">How it is loaded; null for the defaults.</param>
    /// <returns>The model.</returns>
    /// <exception cref="ArgumentException"><paramref name="folder"/> is null or empty, or options are not valid.</exception>
    /// <exception cref="CheckpointException">The folder can't be used, its family has no such model, or its tensors don't fit: all that are missing or of another shape are listed.</exception>
    /// <exception cref="SafetensorsException">A weight file breaks the format.</exception>
    public static MaskedLM MaskedLM(string folder, PretrainedOptions? options = null) =>
        Load(folder, options, "masked language model", family => family.MaskedLM, (make, config, checkpoint) => make(config, checkpoint));

    /// <summary>Loads the decoder of a checkpoint; heads are ignored.</summary>
    /// <param name="folder">The folder with config.json and the weights.</param>
    /// <param name="options">How it is loaded; null for the defaults.</param>
    /// <returns>The decoder.</returns>
    /// <exception cref="ArgumentException"><paramref name="folder"/> is null or empty, or options are not valid.</exception>
    /// <exception cref="CheckpointException">The folder can't be used, its family has no such model, or its tensors don't fit: all that are missing or of another shape are listed.</exception>
    /// <exception cref="SafetensorsException">A weight file breaks the format.</exception>
    public static TextDecoder Decoder(string folder, PretrainedOptions? options = null) =>
        Load(folder, options, "decoder", family => family.Decoder, (make, config, _) => make((DecoderConfig)config));

    /// <summary>Loads a decoder with its language-model head. A stored head is used whatever the configuration says; otherwise the word embeddings are the head if they are tied.</summary>
    /// <param name="folder">The folder with config.json and the weights.</param>
    /// <param name="options">How it is loaded; null for the defaults.</param>
    /// <returns>The model.</returns>
    /// <exception cref="ArgumentException"><paramref name="folder"/> is null or empty, or options are not valid.</exception>
    /// <exception cref="CheckpointException">The folder can't be used, its family has no such model, or its tensors don't fit: all that are missing or of another shape are listed.</exception>
    /// <exception cref="SafetensorsException">A weight file breaks the format.</exception>
    public static CausalLM CausalLM(string folder, PretrainedOptions? options = null) =>
        Load(folder, options, "causal language model", family => family.CausalLM, (make, config, checkpoint) =>
        {
            var model = make(Heads.CausalLM.ConfigFor((DecoderConfig)config, checkpoint));
            var path = CheckpointFiles.Whole.Find(checkpoint.Path, GenerationConfigFile.Name);
            model.Generation = GenerationConfigFile.ReadIfThere(path, model.Generation) ?? model.Generation;
            return model;
        });

    /// <summary>Creates a decoder with a language-model head and random weights, in training mode.</summary>
    /// <param name="config">The configuration, which decides the family.</param>
    /// <param name="seed">Seeds the weights; TorchSharp's global generator is used if null.</param>
    /// <returns>The model.</returns>
    /// <exception cref="ArgumentException">The configuration is null or has faults; all are listed.</exception>
    public static CausalLM NewCausalLM(DecoderConfig config, long? seed)
    {
        ArgumentNullException.ThrowIfNull(config);
        var model = ModelFamily.Of(config).CausalLM!(config);
        WeightInitializer.Initialize(model, seed);
        return model;
    }

    /// <summary>Loads a model of an encoder and a decoder with its language-model head.</summary>
    /// <param name="folder">The folder with config.json and the weights.</param>
    /// <param name="options">How it is loaded; null for the defaults.</param>
    /// <returns>The model.</returns>
    /// <exception cref="ArgumentException"><paramref name="folder"/> is null or empty, or options are not valid.</exception>
    /// <exception cref="CheckpointException">The folder can't be used, its family has no such model, or its tensors don't fit: all that are missing or of another shape are listed.</exception>
    /// <exception cref="SafetensorsException">A weight file breaks the format.</exception>
    public static Seq2SeqLM Seq2SeqLM(string folder, PretrainedOptions? options = null) =>
        Load(folder, options, "sequence-to-sequence model", family => family.Seq2SeqLM, (make, config, checkpoint) =>
        {
            var model = make((EncoderDecoderConfig)config, checkpoint);
            // A file of its own says everything about forced tokens.
            model.Generation = GenerationConfigFile.ReadIfThere(
                CheckpointFiles.Whole.Find(checkpoint.Path, GenerationConfigFile.Name), model.Generation with { ForcedBeginId = null, ForcedEndId = null })
                ?? GenerationConfigFile.OfModel(checkpoint.Config, checkpoint.ConfigPath, model.Generation);
            return model;
        });

    /// <summary>Creates a model of an encoder and a decoder with a language-model head and random weights, in training mode.</summary>
    /// <param name="config">The configuration, which decides the family.</param>
    /// <param name="seed">Seeds the weights; TorchSharp's global generator is used if null.</param>
    /// <returns>The model.</returns>
    /// <exception cref="ArgumentException">The configuration is null or has faults; all are listed.</exception>
    public static Seq2SeqLM NewSeq2SeqLM(EncoderDecoderConfig config, long? seed)
    {
        ArgumentNullException.ThrowIfNull(config);
        var model = ModelFamily.Of(config).Seq2SeqLM!(config, null);
        WeightInitializer.Initialize(model, seed);
        return model;
    }

    /// <param name="folder">The folder.</param>
    /// <param name="options">How it is loaded; null for the defaults.</param>
    /// <param name="what">What is loaded, for messages.</param>
    /// <param name="find">The family's way of creating it, or null.</param>
    /// <param name="create">Creates it, without values.</param>
    private static TModel Load<TMake, TModel>(
        string folder, PretrainedOptions? options, string what, Func<ModelFamily, TMake?> find, Func<TMake, ModelConfig, CheckpointFolder, TModel> create)
        where TMake : class
        where TModel : PretrainedModel
    {
        options ??= new PretrainedOptions();
        options.Validate();
        using var checkpoint = CheckpointFolder.Open(folder);
        var family = ModelFamily.Of(checkpoint);
        var config = family.ReadConfig(checkpoint.Config, checkpoint.ConfigPath);
        var make = find(family) ?? throw new CheckpointException(
            checkpoint.ConfigPath, $"describes a model of type '{config.ModelType}', for which there is no {what} (there is one for {string.Join(", ", ModelFamily.TypesWith(other => find(other) is not null))}).");
        ConfigFit.Check(checkpoint, config);
        var model = Unfilled.WithDtype(options.Dtype, () => create(make, config, checkpoint));
        try
        {
            model.Fill(checkpoint, options);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
