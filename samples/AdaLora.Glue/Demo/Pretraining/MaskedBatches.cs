using System.Collections;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Tokenization;

namespace AdaLora.Glue.Demo.Pretraining;

/// <summary>
/// Endless batches for masked-language modelling as in BERT: 15 % of the words are to be predicted, of which 80 % are hidden, 10 % replaced by any word and 10 % left unchanged.
/// At least one word of each sentence is to be predicted.
/// </summary>
internal sealed class MaskedBatches(TextTokenizer tokenizer, IEnumerable<string> sentences, int batchSize, int seed) : IEnumerable<MaskedBatch>
{
    private const double GuessedShare = 0.15;

    public IEnumerator<MaskedBatch> GetEnumerator()
    {
        var random = new Random(seed);
        foreach (var chunk in sentences.Chunk(batchSize))
            yield return Hide(tokenizer.Pad([.. chunk.Select(s => tokenizer.Encode(s))]), random);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private MaskedBatch Hide(TokenBatch batch, Random random)
    {
        var inputs = batch.Ids.ToArray();
        var labels = Enumerable.Repeat(BertForMaskedLM.IgnoredLabel, inputs.Length).ToArray();
        for (var row = 0; row < batch.BatchSize; row++)
        {
            var words = Enumerable.Range(row * batch.Length, batch.Length).Where(i => !tokenizer.IsSpecial((int)inputs[i])).ToArray();
            random.Shuffle(words);
            foreach (var i in words.Take(Math.Max(1, (int)Math.Round(words.Length * GuessedShare))))
            {
                labels[i] = inputs[i];
                inputs[i] = random.NextDouble() switch
                {
                    < 0.8 => tokenizer.MaskId!.Value,
                    < 0.9 => random.Next(tokenizer.VocabularySize),
                    _ => inputs[i],
                };
            }
        }

        return new MaskedBatch(inputs, [.. batch.AttentionMask], labels, batch.BatchSize);
    }
}
