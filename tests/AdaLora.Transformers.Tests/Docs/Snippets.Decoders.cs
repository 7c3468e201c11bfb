using System.Text.Json.Nodes;
using AdaLora.Chat;
using AdaLora.TestSupport;
using AdaLora.Training;
using AdaLora.Transformers.Chat;
using AdaLora.Transformers.Families.Bart;
using AdaLora.Transformers.Families.Llama;
using AdaLora.Transformers.Generation;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Texts;
using AdaLora.Transformers.Tokenization;
using Microsoft.Extensions.AI;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Docs;

/// <content>Language models: loading, generating, training on text, and chatting.</content>
public sealed partial class Snippets
{
    [Fact]
    public void A_language_model()
    {
        using var kept = NewDisposeScope();
        using var files = Decoder();
        var (folder, totalSteps) = (files.Path, 100);
        var (ids, mask) = (arange(20, 36, dtype: ScalarType.Int64).view(2, 8), ones(2, 8, dtype: ScalarType.Int64));
        var labels = ids;
        // snippet
        using var model = AutoModel.CausalLM(folder, new PretrainedOptions { Dtype = ScalarType.BFloat16 });
        using var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(totalSteps));
        var loss = model.Loss(ids, mask, labels);
        // end
        Assert.Equal(7, adapted.Report().Modules.Count);
        Assert.InRange(loss.item<float>(), 1, 20);
    }

    [Fact]
    public void Generation()
    {
        using var files = Decoder();
        using var model = AutoModel.CausalLM(files.Path);
        var tokenizer = TextTokenizer.FromFolder(files.Path);
        var (promptIds, otherIds) = (tokenizer.EncodePlain("High"), tokenizer.EncodePlain("High or low?"));
        // snippet
        model.eval();
        var options = model.Generation with { MaxNewTokens = 200, Samples = true, Temperature = 0.7, TopP = 0.9, Seed = 1, StopTexts = ["\n\n"] };
        var generator = new TextGenerator(model, options, ids => tokenizer.Decode(ids, skipSpecialTokens: true));
        var decoder = tokenizer.DecodeStream();
        foreach (var token in generator.Stream([tokenizer.Encode("Once upon a time").Ids]))
            Console.Write(decoder.Add(token.Id));
        Console.WriteLine(decoder.Finish());
        var texts = generator.Generate([promptIds, otherIds]);
        // end
        Assert.Equal(2, texts.Count);
        Assert.All(texts, text => Assert.InRange(text.Ids.Count, 1, 200));
    }

    [Fact]
    public void Training_on_text()
    {
        using var files = Decoder();
        using var model = AutoModel.CausalLM(files.Path);
        var steps = 3;
        using var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(steps));
        TrainingText[][] batches = [.. Enumerable.Range(0, 12).Select(batch => (TrainingText[])[new([1, 20 + batch, 21]), new([1, 22, 23, 24], [false, false, true, true])])];
        // snippet
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = steps, GradientAccumulation = 4 });
        trainer.Fit(batches, texts => TrainingRows.Packed(texts, 2048).LossOf(model));
        // end
        Assert.Equal(steps, adapted.Step);
    }

    [Fact]
    public void A_chat_template()
    {
        using var files = Decoder();
        var folder = files.Path;
        var tokenizer = TextTokenizer.FromFolder(folder);
        // snippet
        var template = ChatTemplate.FromFolder(folder)!;
        JsonArray messages = [new JsonObject { ["role"] = "user", ["content"] = "High or low?" }, new JsonObject { ["role"] = "assistant", ["content"] = "Low." }];
        TrainingText text = template.Encode(tokenizer, messages);
        IReadOnlyList<int> prompt = template.EncodePrompt(tokenizer, [messages[0]!.DeepClone()]);
        // end
        Assert.Equal("user: High or low?\nassistant:", tokenizer.Decode(prompt, skipSpecialTokens: true));
        Assert.Equal("user: High or low?\nassistant: Low.\n", tokenizer.Decode(text.Ids, skipSpecialTokens: true));
    }

    [Fact]
    public async Task A_chat_client()
    {
        using var files = Decoder();
        var folder = files.Path;
        using var model = AutoModel.CausalLM(folder);
        using (var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(10)))
        {
            adapted.Save("adapter");
            adapted.Detach();
        }

        // snippet
        using var adapters = new AdapterSet(model);
        adapters.Load("sql", "adapter");
        using var client = AdaLoraChatClient.FromFolder(model, folder, adapters);
        var answer = await client.GetResponseAsync("How many ships are there?", new ChatOptions { ModelId = "sql", MaxOutputTokens = 200 });
        // end
        Assert.Equal("sql", answer.ModelId);
    }

    [Fact]
    public void A_model_that_reads_one_text_and_writes_another()
    {
        using var kept = NewDisposeScope();
        using var files = new TemporaryFolder();
        using (var saved = AutoModel.NewSeq2SeqLM(
            new BartConfig { VocabularySize = 40, HiddenSize = 16, Layers = 1, DecoderLayers = 1, Heads = 2, IntermediateSize = 24, MaxPositions = 80 }, seed: 1))
        {
            saved.SaveCheckpoint(files.Path);
        }

        var (folder, totalSteps) = (files.Path, 100);
        var (ids, mask, labels) = (arange(4, 20, dtype: ScalarType.Int64).view(2, 8), ones(2, 8, dtype: ScalarType.Int64), arange(20, 28, dtype: ScalarType.Int64).view(2, 4));
        int[] documentIds = [0, 5, 6, 7, 2];
        // snippet
        using var model = AutoModel.Seq2SeqLM(folder);
        using var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(totalSteps));
        var loss = model.Loss(ids, mask, labels, labelSmoothing: 0.1);
        model.eval();
        var summaries = new TextGenerator(model, model.Generation with { Beams = 4, MaxLength = 64, NoRepeatNgramSize = 3 }).Generate([documentIds]);
        // end
        Assert.InRange(loss.item<float>(), 1, 20);
        Assert.InRange(summaries.Single().Ids.Count, 1, 64);
    }

    [Fact]
    public void Tokens_and_their_places()
    {
        using var files = Decoder();
        var tokenizer = TextTokenizer.FromFolder(files.Path);
        var (question, context) = ("How many ships are there?", string.Join(' ', Enumerable.Range(0, 300).Select(i => $"Ship {i}.")));
        // snippet
        var row = tokenizer.EncodeAligned(question, context, new EncodingOptions { MaxLength = 384, Stride = 128, Truncation = TruncationStrategy.OnlySecond });
        foreach (var window in row.Windows)      // Ids, TypeIds, Tokens, Offsets, CodePointOffsets, WordIds, SequenceIds, SpecialTokensMask
            Console.WriteLine(window.Offsets[^2]);
        var text = tokenizer.Decode(row.Ids, skipSpecialTokens: true);
        // end
        Assert.True(row.Windows.Count > 3);
        Assert.Contains(question, text, StringComparison.Ordinal);
    }

    /// <summary>A small Llama that has learnt nothing, with a tokenizer and a template.</summary>
    private static TemporaryFolder Decoder()
    {
        var folder = new TemporaryFolder();
        foreach (var name in (string[])["tokenizer.json", "tokenizer_config.json"])
            File.Copy(TestMaterial.RequireGolden("tokenizers", "sequence", "llama2_bpe", name), folder.File(name));
        folder.Write("chat_template.jinja", "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}");
        using var model = AutoModel.NewCausalLM(
            new LlamaConfig { VocabularySize = TextTokenizer.FromFolder(folder.Path).VocabularySize, HiddenSize = 16, Layers = 1, Heads = 2, IntermediateSize = 24, MaxPositions = 512 }, seed: 1);
        model.SaveCheckpoint(folder.Path);
        return folder;
    }
}
