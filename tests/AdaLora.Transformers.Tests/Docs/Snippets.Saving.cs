using AdaLora.Adapters;
using AdaLora.Training;
using AdaLora.Transformers.Tokenization;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Docs;

/// <content>What becomes of adapters, and where models come from.</content>
public sealed partial class Snippets
{
    [Fact]
    public void Saving_and_merging()
    {
        using var model = Model();
        var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { TrainedModules = ["classifier"] });
        // snippet
        adapted.Save("adapter");
        adapted.ExportLora("lora");
        adapted.Detach();
        using var loaded = AdaLoraModel.Load(model, "adapter");
        // end
        Assert.Equal(13, loaded.Adapters.Count);
        Assert.True(File.Exists("lora/adapter_config.json"));
        adapted = loaded;
        // snippet
        adapted.Merge();
        adapted.Unmerge();
        adapted.MergeAndDetach();
        // end
        Assert.DoesNotContain(model.modules(), module => module is SvdLinear);
    }

    [Fact]
    public void Several_adapters()
    {
        using var model = Model();
        foreach (var name in (string[])["sst2", "cola"])
        {
            using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { TrainedModules = ["classifier"] });
            adapted.Save($"adapters/{name}");
            adapted.Detach();
        }

        // snippet
        using var set = new AdapterSet(model);
        set.Load("sentiment", "adapters/sst2");
        set.Load("grammar", "adapters/cola");
        set.Select("sentiment");
        // end
        Assert.Equal("sentiment", set.Selected);
    }

    [Fact]
    public async Task Serving_with_a_lock()
    {
        var folder = await HubCheckpoint.ResolveAsync("google-bert/bert-base-uncased");
        var tokenizer = TextTokenizer.FromFolder(folder);
        foreach (var (name, target) in ((string, long)[])[("sst2", 0), ("cola", 1)])
        {
            using var trained = AutoModel.SequenceClassifier(folder, labels: 2);
            using var adapted = AdaLoraModel.Attach(trained, AdaLoraOptions.ForTotalSteps(20) with { TrainedModules = ["classifier"] });
            using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 20, LearningRate = 1e-2 });
            var (wordIds, wordMask, wordTypes) = tokenizer.EncodeBatch(["word5 word6"]).ToTensors();
            trainer.Fit([wordIds], batch => trained.Loss(trained.call(batch, wordMask, wordTypes), tensor([target])));
            adapted.Save($"adapters/{name}");
        }

        // snippet
        using var model = AutoModel.SequenceClassifier(folder, labels: 2);
        using var set = new AdapterSet(model);
        set.Load("sentiment", "adapters/sst2");
        set.Load("grammar", "adapters/cola");
        model.eval();
        var gate = new Lock();

        float[] Score(string adapter, string text)
        {
            lock (gate)
            {
                using var scope = NewDisposeScope();
                using var noGrad = no_grad();
                set.Select(adapter);
                var (ids, mask, types) = tokenizer.EncodeBatch([text], maxLength: 128).ToTensors();
                return [.. model.call(ids, mask, types).softmax(1).data<float>()];
            }
        }
        // end

        (string Adapter, string Text)[] asked = [.. Enumerable.Range(0, 200).Select(i => (i % 2 == 0 ? "sentiment" : "grammar", $"word{5 + (i % 7)} word9"))];
        var alone = asked.Distinct().ToDictionary(ask => ask, ask => Score(ask.Adapter, ask.Text));
        var together = await Task.WhenAll(asked.Select(ask => Task.Run(() => Score(ask.Adapter, ask.Text))));
        Assert.Equal(asked.Select(ask => alone[ask]), together);
        Assert.True(alone[asked[0]][0] > 0.6f && alone[(asked[1].Adapter, asked[1].Text)][0] < 0.4f);
    }

    [Fact]
    public async Task A_checkpoint_of_the_hub()
    {
        // snippet
        var folder = await HubCheckpoint.ResolveAsync("google-bert/bert-base-uncased");
        var tokenizer = TextTokenizer.FromFolder(folder);
        using var model = AutoModel.SequenceClassifier(folder, labels: 2);
        // end
        Assert.Equal(2, model.Labels);
        Assert.Equal(50, tokenizer.VocabularySize);
    }
}
