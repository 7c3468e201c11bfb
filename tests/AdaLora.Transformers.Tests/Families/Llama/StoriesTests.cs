using System.Text.Json;
using AdaLora.Safetensors;
using AdaLora.TestSupport;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Generation;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tokenization;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Families.Llama;

/// <summary>stories260K, a real pretrained Llama, against every number that was computed with it.</summary>
public sealed class StoriesTests
{
    [Fact]
    public void Logits_losses_and_the_likeliest_words_of_all_texts_match()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Load();
        var io = Numbers();
        var texts = Read("texts.json").GetProperty("texts").EnumerateArray().ToList();
        Assert.Equal(30, texts.Count);
        foreach (var text in texts)
        {
            var (id, ids) = (text.GetProperty("id").GetInt32(), Ids(text, "input_ids"));
            var logits = model.call(ids, null, null)[0];
            var length = ids.shape[1];
            Close(io[$"logits.{id}"], logits.index_select(0, tensor([0, length / 2, length - 1])), 1e-4, $"logits.{id}");
            Assert.Equal(text.GetProperty("argmax").EnumerateArray().Select(word => word.GetInt64()), logits.argmax(-1).data<long>());
            Assert.Equal(text.GetProperty("loss").GetDouble(), model.Loss(ids, null, ids).item<float>(), 1e-5);
            if (io.TryGetValue($"all_logits.{id}", out var all))
                Close(all, logits.narrow(0, 0, all.shape[0]), 1e-4, $"all_logits.{id}");
            if (io.TryGetValue($"logits_fp64.{id}", out var wide))
                Close(wide, logits.narrow(0, 0, wide.shape[0]), 1e-4, $"logits_fp64.{id}");
        }
    }

    [Fact]
    public void A_padded_batch_has_the_hidden_states_the_loss_and_the_gradients()
    {
        using var scope = NewDisposeScope();
        using var model = Load();
        var io = Numbers();
        var (ids, mask) = (io["batch.input_ids"], io["batch.attention_mask"]);
        var real = mask.to(ScalarType.Bool);
        var hidden = model.Decoder.HiddenStates(ids, mask);
        foreach (var layer in (int[])[0, 3, 5])
            Close(io[$"batch.hidden.{layer}"][real], hidden[layer].detach()[real], 1e-4, $"batch.hidden.{layer}");
        var loss = model.Loss(ids, mask, io["batch.labels"]);
        Close(io["batch.loss"], loss.detach().view(1), 1e-5, "batch.loss");
        loss.backward();
        var gradients = io.Where(number => number.Key.StartsWith("batch.grad.", StringComparison.Ordinal)).ToList();
        Assert.Equal(4, gradients.Count);
        foreach (var (key, expected) in gradients)
            Close(expected, model.get_parameter(key["batch.grad.".Length..])!.grad!, 1e-4 * expected.abs().max().item<float>(), key);
    }

    [Fact]
    public void It_tells_its_known_stories()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Load();
        var tokenizer = TextTokenizer.FromFolder(TestMaterial.RequireShared("models", "stories260K"));
        foreach (var story in Read("texts.json").GetProperty("continuations").EnumerateArray())
        {
            var expected = story.GetProperty("new_ids").EnumerateArray().Select(id => id.GetInt32()).ToArray();
            var prompt = story.GetProperty("prompt_ids").EnumerateArray().Select(id => id.GetInt32()).ToArray();
            var told = new TextGenerator(model, new GenerationOptions { MaxNewTokens = expected.Length }).Generate([prompt])[0].Ids;
            Assert.Equal(expected, told);
            Assert.Equal(story.GetProperty("text").GetString(), tokenizer.Decode(prompt.Concat(told), skipSpecialTokens: true));
        }
    }

    [Fact]
    public void Its_perplexity_is_known()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Load();
        var known = Read("perplexity.json");
        var tokenizer = TextTokenizer.FromFolder(TestMaterial.RequireShared("models", "stories260K"));
        var (sum, counted) = (0.0, 0L);
        foreach (var story in known.GetProperty("stories").EnumerateArray())
        {
            using var inner = NewDisposeScope();
            var words = tokenizer.Encode(story.GetProperty("text").GetString()!).Ids.Select(id => (long)id).ToArray();
            var ids = tensor(words, [1, words.Length]);
            var tokens = story.GetProperty("counted_tokens").GetInt64();
            Assert.Equal(words.Length - 1, tokens);
            var loss = model.Loss(ids, null, ids).item<float>() * tokens;
            Assert.Equal(story.GetProperty("nll_sum").GetDouble(), loss, 1e-4 * tokens);
            (sum, counted) = (sum + loss, counted + tokens);
        }

        Assert.Equal(known.GetProperty("counted_tokens").GetInt64(), counted);
        var perplexity = known.GetProperty("perplexity").GetDouble();
        Assert.Equal(perplexity, Math.Exp(sum / counted), 1e-4 * perplexity);
    }

    private static CausalLM Load() => AutoModel.CausalLM(TestMaterial.RequireShared("models", "stories260K"));

    private static JsonElement Read(string name) => EncoderGolden.Read(TestMaterial.RequireShared("models", "stories260K", "goldens", name));

    private static Dictionary<string, Tensor> Numbers()
    {
        using var file = SafetensorsFile.Open(TestMaterial.RequireShared("models", "stories260K", "goldens", "io.safetensors"));
        return file.ReadAll();
    }

    private static Tensor Ids(JsonElement text, string name)
    {
        var ids = text.GetProperty(name).EnumerateArray().Select(id => id.GetInt64()).ToArray();
        return tensor(ids, [1, ids.Length]);
    }

    private static void Close(Tensor expected, Tensor actual, double tolerance, string what)
    {
        var distance = (actual.to(ScalarType.Float64) - expected.to(ScalarType.Float64)).abs().max().item<double>();
        Assert.True(distance <= tolerance, $"{what}: off by {distance:G3}");
    }
}
